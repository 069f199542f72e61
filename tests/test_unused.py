"""What is left out of the theme's files is what no page uses, and nothing else."""

import pytest
import unused

from tests.test_site import HTML, THEME, pytestmark

__all__ = ["pytestmark"]  # when to skip


@pytest.mark.parametrize(
    ("style", "left"),
    [
        (".a{x:1}.b{x:2}", ".a{x:1}"),
        (".b,.a>p{x:1}", ".b,.a>p{x:1}"),
        (".a .b{x:1}.a{x:2}", ".a{x:2}"),  # the whole rule goes, not its last selector
        ("p:not(.b):is(.b,.a){x:1}", "p:not(.b):is(.b,.a){x:1}"),
        ("@media (width<9px){.b{x:1}.a{x:2}}", "@media (width<9px){.a{x:2}}"),
        ("@font-face{src:url(x.y)}:root{--b:.5rem}", "@font-face{src:url(x.y)}:root{--b:.5rem}"),
        ("@keyframes k{0%{x:.5}to{x:1}}", "@keyframes k{0%{x:.5}to{x:1}}"),
    ],
)
def test_rules_that_cannot_match_go(style: str, left: str) -> None:
    """Catches a rule that is cut in two, or one that goes although it may match; `a` is used, `b` is not."""
    assert unused.used_rules(style, {"a"}) == left


def test_icons_that_are_not_used_go() -> None:
    """Catches an icon that is used under its other name, and a table that is no longer a table."""
    table = 'x={bars:[448,512,["navicon"],"f0c9","M0 1z"],"a-b":[5,5,[],"30",["M1","M2"]],sun:[5,5,[],"31","M3"]}'
    assert unused.used_icons(table, {"fa-navicon"}) == 'x={bars:[448,512,["navicon"],"f0c9","M0 1z"],}'
    assert unused.used_icons(table, {"fa-bars", "fa-a-b", "fa-sun"}) == table


def test_the_files_of_the_theme_are_understood() -> None:
    """Catches a version of the theme whose files look different, so that nothing, or everything, is taken out."""
    for name, kept in ((unused.ICONS, unused.used_icons), (unused.STYLES[0], unused.used_rules)):
        before, after = (THEME / name).stat().st_size, (HTML / "_static" / name).stat().st_size
        assert 0.02 * before < after < 0.5 * before
        assert len(kept((THEME / name).read_text(), unused.words(HTML)).encode()) == after
