"""What is no answer, told apart by status, by Content-Type and by the page that it is."""

import pytest

from archiver.errors import MaintenancePage, SignInPage, SourceError, WrongContentType
from archiver.superoffice.nonanswers import page_error, wrong_content

SIGN_IN = b'<html><body><form><input name="p" type="password"></form>K3Y</body></html>'
MAINTENANCE = b"<!DOCTYPE html>\n<html><title>K3Y back soon</title></html>"


def kind(error: SourceError | None) -> type[SourceError] | None:
    assert "K3Y" not in str(error)
    return type(error) if error else None


@pytest.mark.parametrize(
    "label",
    [
        None,
        "",
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
        "text/json",
        "application/problem+json",
        "application/vnd.superoffice.v1+json",
    ],
)
def test_json_by_any_of_its_labels_may_be_an_answer(label: str | None) -> None:
    assert wrong_content(label, b"[]") is None


@pytest.mark.parametrize("label", ["text/plain", "text/html", "application/xml", "application/jsonp", "json", "x"])
@pytest.mark.parametrize("body", [b"[]", b"", b"null"])
def test_what_says_that_it_is_no_json_is_no_answer_whatever_it_holds(label: str, body: bytes) -> None:
    assert kind(wrong_content(label, body)) is WrongContentType


@pytest.mark.parametrize("label", ["text/html", "text/html; charset=utf-8", "application/xhtml+xml", "text/plain"])
def test_a_page_is_told_by_what_it_asks_for(label: str) -> None:
    assert kind(wrong_content(label, SIGN_IN)) is SignInPage
    assert kind(wrong_content(label, MAINTENANCE)) is MaintenancePage


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n \t", b"<?xml version='1.0'?>"])
@pytest.mark.parametrize("field", [b'type="password"', b"type='password'", b"TYPE = password", b'type="PassWord"'])
def test_a_sign_in_page_is_known_however_it_is_written(before: bytes, field: bytes) -> None:
    assert kind(page_error(before + b"<html><input " + field + b">")) is SignInPage


@pytest.mark.parametrize("body", [b"", b"[]", b'["<html>"]', b"{", b"<", b"< html>", b"text <html>", b"\xff\xfe"])
def test_what_is_no_page_is_none(body: bytes) -> None:
    assert page_error(body) is None


def test_a_page_that_never_ends_is_judged_by_its_head() -> None:
    assert kind(page_error(b"<html>" + b" " * 1_000_000 + b'<input type="password">')) is MaintenancePage
