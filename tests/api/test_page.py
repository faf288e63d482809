import pytest

from api import page


@pytest.fixture
def web(tmp_path, monkeypatch):
    folder = tmp_path / "web"
    (folder / "parts").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Askpress</title>")
    (folder / "parts" / "chat.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    monkeypatch.setattr(page, "web_folder", lambda: folder)
    return folder


@pytest.mark.usefixtures("web")
def test_the_page_is_served_under_its_policy(serving):
    client = serving()
    index = client.get("/")
    assert (index.status_code, "Askpress" in index.text) == (200, True)
    assert "require-trusted-types-for 'script'" in index.headers["content-security-policy"]
    script = client.get("/parts/chat.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert client.get("/parts/chat.js", headers={"If-None-Match": script.headers["etag"]}).status_code == 304
    assert client.delete("/v1/ask").status_code == 405
    assert client.get("/v1/ask").status_code == 405


@pytest.mark.usefixtures("web")
@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/link.txt", "/parts", "/%00"]
)
def test_nothing_outside_of_the_folder_is_served(serving, path):
    response = serving().get(path)
    assert response.status_code in (400, 404, 307)
    assert "secret" not in response.text.replace("secret.txt", "")


def test_without_the_folder_there_is_nothing(serving, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "web_folder", lambda: tmp_path / "none")
    response = serving().get("/")
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


def test_the_files_of_the_page_are_public(web):
    assert page.addresses(web / "none") == frozenset()
    assert page.addresses(web) == {"/", "/index.html", "/parts/chat.js", "/link.txt"}
