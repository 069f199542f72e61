"""A player of certificates: the reader changes digits of one, and a checker in the browser says which line fails."""

import json

from matplotlib.axes import Axes
from matplotlib.figure import Figure

import figures
from figures.players.player import Player, bundle
from lib.checker import check_lines

SHOWN, WIDE = 11, 96  # lines and letters of the file in the still


def forgery(certificate: str) -> Player:
    """Change one digit of a certificate and still be accepted: the text of a file in the format of `lib.certificate`.

    The page checks it in exact integers, in a worker; `figures/players/checker.mjs` is that checker. Raises
    `ValueError` if `lib.checker` refuses the certificate, so that the game begins with a theorem.
    """
    lines = certificate.encode().splitlines(keepends=True)
    verdict = check_lines(lines)
    if not verdict.accepted:
        raise ValueError(f"certificate is refused ({verdict.message}): pass the text of one that is accepted")
    parts = _parts(lines)
    alt = (
        f"The {len(lines)} lines of a certificate as a strip: {', '.join(f'{n} of {name}' for name, n in parts)}. "
        "Below it the file, to be edited; all its lines pass."
    )

    def draw(figure: Figure) -> None:
        strip, sheet = figure.subplots(2, 1, height_ratios=[1, 5])
        _draw_strip(strip, parts)
        sheet.axis("off")
        for k, line in enumerate(certificate.splitlines()[:SHOWN]):
            shown = line if len(line) <= WIDE else line[: WIDE - 4] + " ..."
            sheet.text(0, 1 - k / SHOWN, shown, fontsize=6.5, family="monospace", va="top")

    return Player("forgery", {"certificate": certificate, "source": bundle("checker")}, alt, draw, 6.4, 2.8)


def _parts(lines: list[bytes]) -> list[tuple[str, int]]:
    """The parts of a certificate that was accepted, in order, each with the number of its lines."""
    header = json.loads(lines[0])
    second = next(n for n, line in enumerate(lines) if json.loads(line).get("side") == -1)
    first = 1 + header["neurons"] + header["examples"]
    counts = (1, header["neurons"], header["examples"], second - first, len(lines) - 1 - second, 1)
    return list(zip(("claim", "neurons", "examples", "side 1", "side \N{MINUS SIGN}1", "end"), counts, strict=True))


def _draw_strip(ax: Axes, parts: list[tuple[str, int]]) -> None:
    start, total = 0, sum(count for _, count in parts)
    for k, (name, count) in enumerate(parts):
        ax.axvspan(start, start + count, color=figures.POS, alpha=0.13 if k % 2 else 0.3, lw=0)
        if count > 0.1 * total:
            ax.text(start + count / 2, 0.5, name, ha="center", va="center", fontsize=8)
        start += count
    ax.set(xlim=(0, total), yticks=[], xlabel="line")
