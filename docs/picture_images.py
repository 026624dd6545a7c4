"""Draw docs/images/ of pictures.md and usage.md from real runs against the emulator, photographed by Chromium.

Invariant: what is drawn is what a user gets; what the emulator finds is made up from the names of the files.
"""

import asyncio
import shutil
import subprocess
import tempfile
from contextlib import chdir
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from attrs import define

import mi_async
from mi_async import PersonInput, SceneRange, emulator
from mi_async.emulator import Latency, Settings
from mi_async.pictures import contact_sheet, save_journal_page, score_histogram, timeline, usage_chart

IMAGES = Path(__file__).with_name("images")
SIZES = {"run": (900, 620), "persons": (900, 330), "timeline": (900, 720), "scores": (900, 330), "usage": (900, 1050)}
"""Pixels of each image, which shows the top of its page."""
PORTRAITS = ("hong-gildong-1.jpg", "kim-minji.jpg", "maria-nunez-1.webp", "ama-mensah.webp", "yi-sunsin.png")
NAMES = ("홍길동", "Kim Minji", "María Núñez", "Ama Mensah", "Yi Sunsin")
FILES = ("뉴스/저녁 뉴스.mp4", "sport/final.mp4", "sport/interview.mp4")
FAST = mi_async.Clock(speed=30)
NOVEMBER = datetime(2026, 11, 1, 3, tzinfo=UTC).timestamp()
DAY = 86_400
PROJECTS = ("저녁 뉴스", "Sport", "Archive 1998")
INSTANT = Latency.none()
IDLE = Settings(importing=INSTANT, queueing=INSTANT, analysing=INSTANT, summarizing=INSTANT)


@define(eq=False)
class Calendar(mi_async.Clock):
    """A clock whose wall time is set by hand, so that a month passes in a moment."""

    moment: float = NOVEMBER

    def wall(self) -> float:
        """Seconds since the epoch."""
        return self.moment


async def write_pages() -> None:
    """Write a page of each picture into the current folder, whose name is in none of them."""
    portraits = [(files("mi_async") / "cli" / "pictures" / name).read_bytes() for name in PORTRAITS]
    async with (
        emulator.serve(clock=FAST) as server,
        mi_async.connect(server.credentials, base_url=server.url, clock=FAST) as session,
    ):
        newsroom = session.workspace("newsroom")
        people = [PersonInput(name, [image], tags=["Anchor"]) for name, image in zip(NAMES, portraits, strict=True)]
        journal = "people.journal"
        await newsroom.enroll_many([*people, PersonInput("Nobody", [b"no image"])], journal=journal)
        save_journal_page(journal, "run.html", lang="en")
        (await contact_sheet(newsroom, newsroom.persons.all(), lang="en")).save("persons.html")
        assets = [await _analysed(newsroom, key) for key in FILES]
        hits = [hit async for hit in newsroom.search_scenes(image=portraits[0], limit=12)]
        known = [person async for person in newsroom.persons.all()]
        said = f"{PORTRAITS[0]} · newsroom · 2026-11-27"
        drawn = timeline(hits, assets=assets[:2], persons=known, subtitle=said, lang="en")
        drawn.save("timeline.html")
        score_histogram(hits, subtitle=said, lang="en").save("scores.html")


async def write_usage_page() -> None:
    """Write the page of a month in which one project has work every day, and the others on some."""
    calendar = Calendar(speed=30)
    async with (
        emulator.serve(settings=IDLE, clock=calendar) as server,
        mi_async.connect(server.credentials, base_url=server.url, clock=calendar) as session,
    ):
        newsroom = session.workspace("newsroom")
        projects = [(await newsroom.projects.create(name)).project_id for name in PROJECTS]
        for day in range(27):
            calendar.moment = NOVEMBER + day * DAY
            for number, project in enumerate(projects):
                for item in range((day * 7 + number * 5) % (6 - number * 2) if day % (number * 2 + 1) == 0 else 0):
                    asset = await _analysed(newsroom, f"{number}/{day}-{item}.mp4", project)
                    if not item:
                        await (await newsroom.summarize(project, asset.asset_id))
        report = await newsroom.usage(month="2026-11")
        usage_chart(report, subtitle="2026-11-27", lang="en").save("usage.html")


async def _analysed(newsroom: mi_async.Workspace, key: str, project: int | None = None) -> mi_async.Asset:
    place = project or (await newsroom.projects.list()).projects[0].project_id
    asset = await (await newsroom.import_asset(place, key=key, bucket_name="footage"))
    await (await newsroom.analyze(place, asset.asset_id, scene_range=SceneRange.EXTRA_SHORT))
    return asset


def photograph(page: Path, image: Path, size: tuple[int, int]) -> None:
    """Write an image of the top of a page."""
    browser = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    subprocess.run(  # noqa: S603  a browser of this machine, on a page of ours
        [
            *(browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *(f"--window-size={size[0]},{size[1]}", f"--screenshot={image}", page.as_uri()),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )


def main() -> None:
    """Draw them all."""
    with tempfile.TemporaryDirectory() as folder:
        with chdir(folder):
            asyncio.run(write_pages())
            asyncio.run(write_usage_page())
        for name, size in SIZES.items():
            photograph(Path(folder, f"{name}.html"), IMAGES / f"picture-{name}.png", size)


if __name__ == "__main__":
    main()
