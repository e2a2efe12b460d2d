"""Following, mentions and files on the ticket page, and how a file is given out."""

import re

import pytest

from tests.faces.web.test_routes import Browser, at

NASTY = '"><script>alert(1)</script>\r\nX-Evil: 1.html'


@pytest.fixture
def browser(site):
    return Browser(site.url)


def multipart(fields, name, content):
    parts = [
        f'--x\r\ncontent-disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode()
        for n, v in fields.items()
    ]
    called = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    head = f'--x\r\ncontent-disposition: form-data; name="file"; filename="{called}"\r\ncontent-type: text/html\r\n\r\n'
    return b"".join(parts) + head.encode() + content + b"\r\n--x--\r\n"


def send(browser, path, body):
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        browser.url + path, data=body, headers={"content-type": "multipart/form-data; boundary=x"}
    )
    try:
        answer = browser.opener.open(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers


def test_mention_is_a_link_and_a_follower_and_nothing_of_a_note_is_markup(site, browser):
    path = at(site, "/t/EXP-1")
    form = {"csrf_token": browser.token(path), "text": "<b>@grace</b> look & tell ada@example.org"}
    assert browser.ask(f"{path}/notes", form)[0] == 303
    _, page = browser.text(path)
    assert (
        f'&lt;b&gt;<a class="link" href="/p/{site.slug}/experiments?owner=grace">@grace</a>&lt;/b&gt; look &amp; tell'
        in page
    )
    assert ">grace</a>" in page.split('id="watchers"')[1].split("</section>")[0]


def test_one_who_looks_follows_and_unfollows(site, browser):
    path = at(site, "/t/EXP-2")
    token = browser.token(path)
    assert browser.ask(f"{path}/watch", {"csrf_token": token})[0] == 303
    assert "Unfollow" in browser.text(path)[1]
    assert browser.ask(f"{path}/unwatch", {"csrf_token": token})[0] == 303
    assert "Unfollow" not in browser.text(path)[1]


def test_file_is_saved_and_never_shown_whatever_it_is_called(site, browser):
    path = at(site, "/t/EXP-1")
    token = browser.token(path)
    status, _ = send(
        browser, f"{path}/files", multipart({"csrf_token": token}, NASTY, b"<script>alert(1)</script>")
    )
    assert status == 303
    _, page = browser.text(path)
    assert "<script>alert" not in page
    href = re.search(r'href="([^"]+/files/sha256:[0-9a-f]{64})"', page).group(1)
    status, headers, body = browser.ask(href)
    assert (status, body) == (200, b"<script>alert(1)</script>")
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].startswith("attachment; ")
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    assert headers["x-evil"] is None
    api = (
        href.replace("/p/", "/api/v1/projects/")
        .replace("/t/", "/tickets/")
        .replace("/files/", "/attachments/")
    )
    status, headers, again = browser.ask(api)
    assert (status, again) == (200, body)
    assert "sandbox" in headers["content-security-policy"]
    assert headers["content-disposition"].startswith("attachment; ")
    digest = href.rpartition("/")[2]
    assert browser.ask(f"{path}/files/remove", {"csrf_token": token, "digest": digest})[0] == 303
    assert browser.ask(href)[0] == 404


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "..%2f..%2fassay.db", "x", "sha256:"])
def test_file_that_the_ticket_does_not_have_is_not_found(site, browser, digest):
    assert browser.ask(at(site, f"/t/EXP-1/files/{digest}"))[0] == 404


def test_form_without_a_file_or_token_is_refused(site, browser):
    path = at(site, "/t/EXP-1")
    token = browser.token(path)
    assert send(browser, f"{path}/files", multipart({}, "a.txt", b"a"))[0] == 403
    assert send(browser, f"{path}/files", multipart({"csrf_token": token}, "", b""))[0] == 422
