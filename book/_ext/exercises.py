"""`{exercises}` lists the exercises of all chapters, with links to their solutions; sphinx-exercise has no list."""

from collections.abc import Iterator

from docutils import nodes
from gathered import Gather, GatherDirective, documents, section
from sphinx.application import Sphinx
from sphinx_exercise.nodes import exercise_enumerable_node, exercise_subtitle, solution_node


class Exercises(Gather):
    kind = "exercises"

    def content(self) -> Iterator[nodes.Node]:
        for document in documents(self.env):
            doctree = self.env.get_doctree(document)
            solutions = {box["target_label"]: box["label"] for box in doctree.findall(solution_node)}
            exercises = list(doctree.findall(exercise_enumerable_node))
            if exercises:
                title = [self.link(document, "", *self.chapter(document))]
                items = [self.item(document, box, solutions.get(box["label"])) for box in exercises]
                yield section(nodes.make_id(f"exercises-{document}"), title, nodes.bullet_list("", *items))

    def item(self, document: str, exercise: nodes.Element, solution: str | None) -> nodes.list_item:
        """Its number and its name, its first paragraph, and the way to its solution."""
        number = ".".join(map(str, self.env.toc_fignumbers[document]["exercise"][exercise["label"]]))
        line = nodes.paragraph("", "", self.whole(document, exercise["label"], f"Exercise {number}"))
        for subtitle in exercise.findall(exercise_subtitle):
            line += [nodes.Text(" ("), *self.copies(subtitle.children), nodes.Text(")")]
        opening = next(exercise.findall(nodes.paragraph))
        line += [nodes.Text(". "), *self.copies(opening.children)]
        if solution:
            line += [nodes.Text(" "), self.whole(document, solution, f"Solution {number}")]
        return nodes.list_item("", line)

    def whole(self, document: str, anchor: str, name: str) -> nodes.reference:
        """A link that does not break before its number."""
        link = self.link(document, anchor, nodes.Text(name))
        link["classes"].append("held")
        return link


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("gathered")
    app.add_directive("exercises", GatherDirective)
    app.add_post_transform(Exercises)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
