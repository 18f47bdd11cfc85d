"""Tables of fields, and the section with every type."""

from typing import Any

from .markup import Html, element, inline, join, prose, table

Schema = dict[str, Any]


def field_table(caption: str, schema: Schema) -> Html:
    """The fields of an object schema."""
    required = schema.get("required", [])
    rows = (field_row(name, field, name in required) for name, field in schema["properties"].items())
    return table(caption, ("Field", "Type", "Description"), rows)


def field_row(name: str, schema: Schema, required: bool) -> tuple[Html, Html, Html]:
    """Name, type and description; the comments of the contract give the limits in words."""
    marks = [element("span", "required", class_="required")] if required else []
    return join((element("code", name), *marks)), type_name(schema), prose(schema.get("description", ""))


def type_name(schema: Schema) -> Html:
    """A short name of a schema's type; our own types link to their tables."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return element("a", name, href=f"#type-{name}")
    if "anyOf" in schema:
        first, *rest = (type_name(each) for each in schema["anyOf"])
        return join((first, *(part for each in rest for part in (" or ", each))))
    if schema["type"] == "array":
        return join(("list of ", type_name(schema["items"])))
    if schema.get("additionalProperties") is True:
        return Html("object")
    if "additionalProperties" in schema:
        return join(("map of ", type_name(schema["additionalProperties"])))
    return Html(schema["format"] if schema.get("format") in ("date-time", "email") else schema["type"])


def types_section(document: Schema) -> Html:
    """Every component schema with its fields or values."""
    schemas = document["components"]["schemas"]
    types = (_type(name, schemas[name]) for name in sorted(schemas))
    return element("section", element("h2", "Types"), *types, id="types")


def _type(name: str, schema: Schema) -> Html:
    # An enum's description repeats its values as a list, which is a table here.
    text = prose(schema.get("description", "").partition("\n\n- ")[0])
    if "enum" in schema:
        values = zip(schema["enum"], schema["x-enum-descriptions"], strict=True)
        rows = ((element("code", value), inline(about)) for value, about in values)
        content = table(f"Values of {name}", ("Value", "Meaning"), rows)
    elif schema["properties"]:
        content = field_table(f"Fields of {name}", schema)
    else:
        content = element("p", "No fields.")
    return element("article", element("h3", name), text, content, id=f"type-{name}", class_="type")
