// A page opened from the disk may not read its neighbours, so the search lists its hits without their first lines.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
