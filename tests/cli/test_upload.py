"""``enroll`` and ``upload-thumbnail`` against a real emulator."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mi_async.cli.app import run
from mi_async.emulator import Fault, Server, example_image
from tests.support.pictures import picture, plain_picture
from tests.support.terminal import JPG, PNG, WEBP, environment, served


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with served() as running:
        for name, value in environment(running).items():
            monkeypatch.setenv(name, value)
        yield running


class Stdin:
    """What a shell pipes in."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def test_enroll_then_more_pictures(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tags = ["--tag", "Anchor", "--tag", "뉴스"]
    assert run(["enroll", "홍길동", JPG, PNG, *tags, "--description", "Reads the news."]) == 0
    written = capsys.readouterr()
    person = json.loads(written.out)
    assert [tag["name"] for tag in person["tags"]] == ["Anchor", "뉴스"]
    assert [t["isPrimaryThumbnail"] for t in person["thumbnails"]] == [True, False]
    for source in (JPG, PNG):
        for step in ("presign", "put", "check", "attach"):
            assert f"{source}: {step} (" in written.err
    assert "\x1b" not in written.err

    monkeypatch.setattr("sys.stdin", Stdin(Path(WEBP).read_bytes()))
    number = str(person["personId"])
    assert run(["upload-thumbnail", number, "-", JPG, "--primary", "--output", "table"]) == 0
    written = capsys.readouterr()
    assert "홍길동" in written.out
    assert "<stdin>: attach" in written.err
    [kept] = server.state.persons()
    assert len(kept.thumbnails) == 4
    assert kept.primary is not None
    assert kept.thumbnails[kept.primary].endswith(".webp")


def test_an_image_that_the_person_has_is_reused(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gif = tmp_path / "a.gif"
    gif.write_bytes(picture("gif", 300, 300))
    assert run(["enroll", "Hong", JPG, str(gif), "--fit"]) == 0
    number = str(json.loads(capsys.readouterr().out)["personId"])
    again = ["upload-thumbnail", number, JPG, str(gif), "--fit"]
    assert run([*again, "--if-exists", "reuse"]) == 0
    written = capsys.readouterr()
    assert written.err.count("the person has it already (") == 2
    assert len(json.loads(written.out)["thumbnails"]) == 2
    assert server.log.count("storage.put") == 2
    assert run(again) == 0
    assert len(json.loads(capsys.readouterr().out)["thumbnails"]) == 4


@pytest.mark.parametrize("command", [["enroll", "Ama"], ["upload-thumbnail", "1001"]])
def test_a_picture_that_cannot_be_is_refused_before_any_request(
    command: list[str], server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    for sources, said in (([JPG, str(text)], "text.jpg: not a jpg"), ([JPG, "none.jpg"], "none.jpg"), ([], "")):
        assert run([*command, *sources]) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert said in error
        assert error.count("\n") == 1
    assert not any(server.log.arrivals.values())


def test_one_by_one_names_the_image_that_is_refused(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dull = tmp_path / "dull.png"
    dull.write_bytes(plain_picture())
    assert run(["enroll", "Ama", JPG, str(dull)]) != 0
    said = capsys.readouterr().err.splitlines()[-2]
    assert said.endswith("; it may be about one or several of 2 images; --one-by-one says which")
    assert not list(server.state.persons())
    assert run(["enroll", "Ama", JPG, str(dull), PNG, "--one-by-one"]) != 0
    assert f"error: {dull}: persons.set_thumbnails: Please upload a large, clear image" in capsys.readouterr().err
    (person,) = server.state.persons()
    assert len(person.thumbnails) == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("enroll X a.jpg --tga x", 'unknown option "--tga", did you mean "--tag"?; see mi-async enroll --help'),
        (
            "enroll X --wrokspace=w a.jpg",
            'unknown option "--wrokspace", did you mean "--workspace"?; see mi-async enroll --help',
        ),
        ("enroll X a.jpg --zzz", 'unknown option "--zzz"; see mi-async enroll --help'),
        ("enroll X a.jpg -t x", 'unknown option "-t"; see mi-async enroll --help'),
        (
            "upload-thumbnail 1 a.jpg --primry",
            'unknown option "--primry", did you mean "--primary"?; see mi-async upload-thumbnail --help',
        ),
    ],
)
def test_an_option_with_a_typing_error_is_no_image(
    line: str, said: str, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line.split()) == 2
    assert capsys.readouterr().err == f"error: {said}\n"
    assert not any(server.log.arrivals.values())


@pytest.mark.parametrize(
    ("command", "many"),
    [(["enroll", "Ama"], "enroll-many"), (["upload-thumbnail", "1"], "upload-many"), (["ingest"], "ingest-many")],
)
def test_a_directory_names_the_command_that_takes_one(
    command: list[str], many: str, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, str(tmp_path)]) == 2
    said = f"{tmp_path} is a directory; for all that is in it: mi-async {many} {tmp_path}"
    assert capsys.readouterr().err == f"error: {said}\n"
    assert not any(server.log.arrivals.values())


def test_a_file_whose_name_begins_with_hyphens_is_an_image(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("--tga.jpg").write_bytes(picture("jpg"))
    assert run(["enroll", "Ama", "--tga.jpg"]) == 0
    assert len(list(server.state.persons())) == 1


@pytest.mark.parametrize("command", [["enroll", "Ama"], ["upload-thumbnail", "1001"]])
def test_an_image_that_is_too_large_is_refused_with_its_size_and_the_option_that_helps(
    command: list[str], server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    big = tmp_path / "big.jpg"
    big.write_bytes(picture("jpg") + bytes(6_000_000))
    assert run([*command, str(big)]) == 2
    said = f"{big.stat().st_size:,} bytes, more than the 5 MB (5,242,880 bytes) that the service takes; use --fit"
    assert capsys.readouterr().err == f"error: {big}: {said}\n"
    assert not any(server.log.arrivals.values())


def test_a_name_in_use_tells_what_exists_already(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["enroll", "Ama", JPG]) == 0
    capsys.readouterr()
    assert run(["enroll", "Ama", PNG, "--tag", "Guest"]) == 5
    lines = capsys.readouterr().err.splitlines()
    (ama,) = server.state.persons()
    assert lines == [
        f"error: persons.create: the name is in use by person {ama.id} (HTTP 409, code 50005)",
        "to add what that person does not have: the same command with --if-exists complete",
        f"to give that person more images: mi-async upload-thumbnail {ama.id} FILE...",
    ]
    assert run(["enroll", "Ama", JPG, PNG, "--tag", "Guest", "--if-exists", "complete"]) == 0
    assert (len(ama.thumbnails), len(ama.tag_ids)) == (2, 1)
    assert run(["enroll", "Ama", PNG, "--if-exists", "reuse"]) == 0
    assert len(ama.thumbnails) == 2


def test_a_name_in_use_that_cannot_be_searched_for_names_the_command(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["enroll", "A", JPG]) == 0
    capsys.readouterr()
    assert run(["enroll", "A", PNG]) == 5
    lines = capsys.readouterr().err.splitlines()
    assert len([line for line in lines if "created" in line or "WARNING" in line]) == 0
    assert lines[-2] == "to give that person more images: mi-async upload-thumbnail PERSON_ID FILE..."
    assert len(list(server.state.persons())) == 1


def test_a_workspace_that_does_not_exist_tells_how_to_list_them(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["upload-thumbnail", "1001", JPG, "-w", "nowhere"]) == 4
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "workspaces are: newsroom"
    assert not list(server.state.thumbnails())


def test_nothing_is_uploaded_for_a_person_who_does_not_exist(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["upload-thumbnail", "999999", JPG]) == 4
    said = "person 999999 does not exist; to find a person: mi-async persons search --name NAME"
    assert capsys.readouterr().err == f"error: {said}\n"
    assert not list(server.state.thumbnails())
    assert not server.log.arrivals["thumbnails.presign"]


def test_no_number_of_a_person_is_refused_before_any_request(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["upload-thumbnail", "-1", JPG]) == 2
    assert capsys.readouterr().err == "error: PERSON_ID must be an ID, a whole number from 0, got -1\n"
    assert not server.log.answers


def test_verbose_tells_of_each_request_and_of_no_secret(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.faults.next("thumbnails.presign", Fault.UNAVAILABLE)
    assert run(["enroll", "Ama", JPG, "-v", "-v", "--timeout", "30"]) == 0
    error = capsys.readouterr().err
    assert "POST /api/v1/workspaces/newsroom/persons: HTTP 200 in " in error
    assert "presigned-url: HTTP 503" in error
    assert "attempt 2" in error
    assert server.credentials.secret_key not in error
    assert "Signature" not in error


def test_other_formats_are_converted_when_asked(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bmp, tiff = tmp_path / "hong.bmp", tmp_path / "hong.jpg"
    bmp.write_bytes(picture("bmp"))
    tiff.write_bytes(picture("tiff"))
    assert run(["enroll", "Hong", str(tiff), JPG]) == 2
    said = "TIFF image named .jpg; the service takes jpg, png or webp; use --fit, or export it as JPEG"
    assert capsys.readouterr().err == f"error: {tiff}: {said}\n"
    assert not any(server.log.arrivals.values())

    assert run(["enroll", "Hong", str(tiff), JPG, "--fit"]) == 0
    written = capsys.readouterr()
    assert f"{tiff}: converted: " in written.err
    assert f"{JPG}: converted" not in written.err
    number = str(json.loads(written.out)["personId"])

    monkeypatch.setattr("sys.stdin", Stdin(picture("gif")))
    assert run(["upload-thumbnail", number, "-", str(bmp), "--fit"]) == 0
    written = capsys.readouterr()
    assert "<stdin>: converted: " in written.err
    assert written.err.count("-> jpg") == 2
    [kept] = server.state.persons()
    assert [Path(key).suffix for key in kept.thumbnails.values()] == [".jpg"] * 4


@pytest.mark.usefixtures("server")
def test_a_person_who_is_known_under_another_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / f"{number}.png" for number in range(3)]
    for number, file in enumerate(files):
        file.write_bytes(example_image(number, face="hong"))
    assert run(["enroll", "Gildong", str(files[0])]) == 0
    capsys.readouterr()
    asked = ["enroll", "홍길동", str(files[1]), str(files[2]), "--score", "90"]
    assert run([*asked, "--known", "ask"]) == 5
    written = capsys.readouterr()
    assert written.out == ""
    assert "'홍길동' was not created: person 1001 'Gildong' (score 9" in written.err
    assert "to give the images to that person: the same command with --known attach" in written.err
    assert "to create it all the same, if it is somebody else: the same command with --known ignore" in written.err
    assert run([*asked, "--known", "attach"]) == 0
    person = json.loads(capsys.readouterr().out)
    assert (person["personId"], person["name"], len(person["thumbnails"])) == (1001, "Gildong", 3)
    assert run([*asked, "--score", "70"]) == 2
