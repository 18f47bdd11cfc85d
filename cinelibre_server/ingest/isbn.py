"""ISBNs: of 10 digits and of 13, and what spreadsheets make of them."""

import re


def isbn13_of(text: str) -> str | None:
    """The ISBN of 13 digits that `text` means, or None.

    Hyphens, spaces and Goodreads' `="…"` are allowed, and so is a decimal point with zeros. An ISBN of 10 digits
    (with zeros lost in front, from 9 on) gets the prefix 978. Check digits must be right.
    """
    digits = re.sub(r'[\s=",\-–]', "", text).upper().removeprefix("ISBN:")
    digits = re.sub(r"\.0*$", "", digits)
    if re.fullmatch(r"97[89][0-9]{10}", digits):
        return digits if digits[-1] == _check_digit(digits[:12]) else None
    if re.fullmatch(r"[0-9]{8,9}[0-9X]", digits):
        digits = digits.zfill(10)
        weighted = sum((10 - place) * (10 if digit == "X" else int(digit)) for place, digit in enumerate(digits))
        return None if weighted % 11 else _complete("978" + digits[:9])
    return None


def isbn13_of_float(text: str) -> str | None:
    """The ISBN whose number was written with 12 significant digits, as in 9.78043902348e+12, or None.

    The check digit tells which of the two numbers that round to it was meant, unless both can be.
    """
    if not re.fullmatch(r"9\.7[89]\d{0,9}e\+?12", text.strip().lower()):
        return isbn13_of(text)
    first_12 = int(float(text)) // 10
    rounded_down, rounded_up = _complete(str(first_12)), _complete(str(first_12 - 1))
    possible = [
        isbn for isbn, fits in ((rounded_down, rounded_down[-1] <= "5"), (rounded_up, rounded_up[-1] >= "5")) if fits
    ]
    return possible[0] if len(possible) == 1 else None


def _complete(first_12: str) -> str:
    return first_12 + _check_digit(first_12)


def _check_digit(first_12: str) -> str:
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(first_12))
    return str(-total % 10)
