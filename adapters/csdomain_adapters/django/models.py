"""Models of csdomain's tables, made of what the contexts declare: to read from, and never to write to."""

from typing import Any, Final

from django.db import models

from .shapes import APP, shapes


def _model(shape: Any) -> type[models.Model]:
    meta = type("Meta", (), {**shape.options(), "app_label": APP})
    body = {"__module__": __name__, "__doc__": shape.many.en, "Meta": meta, **dict(shape.fields())}
    return type(shape.title, (models.Model,), body)


#: By the names of their tables, without the prefix.
MODELS: Final = {shape.name: _model(shape) for shape in shapes()}
