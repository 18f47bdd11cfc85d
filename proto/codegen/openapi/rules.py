"""Turns protovalidate rules into JSON-schema keywords."""

from typing import Any

_FORMATS = {
    "email": "email",
    "uuid": "uuid",
    "uri": "uri",
    "hostname": "hostname",
    "ipv4": "ipv4",
    "ipv6": "ipv6",
}
_NUMBER_KEYWORDS = {"gte": "minimum", "gt": "exclusiveMinimum", "lte": "maximum", "lt": "exclusiveMaximum"}
_STRING_KEYWORDS = {
    "min_len": "minLength",
    "max_len": "maxLength",
    "max_bytes": "maxLength",
    "pattern": "pattern",
}
_LIST_KEYWORDS = {"min_items": "minItems", "max_items": "maxItems", "unique": "uniqueItems"}


def value_keywords(rules: Any, enum_names: dict[int, str]) -> dict[str, Any]:
    """The keywords for one value. Rules that JSON schema can't say (CEL) are left to `rule_messages`.

    `max_bytes` becomes `maxLength`, which is weaker but never refuses what the server accepts.
    `enum_names` are the names of an enum field's numbers, empty for other fields.
    """
    kind = rules.WhichOneof("type") if rules is not None else None
    if kind is None or kind == "repeated":
        return {}
    typed = getattr(rules, kind)
    if kind == "enum":
        excluded = [enum_names[number] for number in typed.not_in]
        return {"not": {"enum": excluded}} if excluded else {}
    if kind == "string":
        keywords = _set_keywords(typed, _STRING_KEYWORDS) | _format(typed)
    else:
        keywords = _set_keywords(typed, _NUMBER_KEYWORDS)
    allowed = list(getattr(typed, "in", ()))
    return keywords | ({"enum": allowed} if allowed else {})


def list_keywords(rules: Any) -> dict[str, Any]:
    """The keywords for the list that a repeated field is."""
    return _set_keywords(rules.repeated, _LIST_KEYWORDS) if rules is not None else {}


def rule_messages(rules: Any) -> tuple[str, ...]:
    """What the CEL rules of a field ask for, in their own words."""
    return tuple(rule.message for rule in rules.cel) if rules is not None else ()


def _format(rules: Any) -> dict[str, Any]:
    well_known = rules.WhichOneof("well_known")
    return {"format": _FORMATS[well_known]} if well_known in _FORMATS else {}


def _set_keywords(rules: Any, names: dict[str, str]) -> dict[str, Any]:
    return {keyword: getattr(rules, rule) for rule, keyword in names.items() if _is_set(rules, rule)}


def _is_set(rules: Any, rule: str) -> bool:
    return rule in rules.DESCRIPTOR.fields_by_name and rules.HasField(rule)
