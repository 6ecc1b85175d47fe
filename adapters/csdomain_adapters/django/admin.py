"""Pages to read: cases, trail, refusals, timers, outbox. Nothing can be changed there; lists name nobody (KRN-14)."""

from typing import Any

from django.contrib import admin

from .models import MODELS
from .shapes import OUTBOX, REFUSALS, TIMERS, TRAIL, Shape, kinds_shown


class ReadOnly(admin.ModelAdmin):
    """A list of a table, and a page for each row."""

    actions = None
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False

    def get_object(self, request: Any, object_id: str, from_field: str | None = None) -> Any:
        """The row of a page; none of a timer."""
        return None if self.list_display_links is None else super().get_object(request, object_id, from_field)


def _page(shape: Shape) -> type[ReadOnly]:
    links = {"list_display_links": None} if shape is TIMERS else {}  # no page: the key of a row has two columns
    found_by = tuple(f"{name}__exact" for name in shape.found_by)
    body = {"list_display": shape.listed, "ordering": (shape.order,), "search_fields": found_by, **links}
    return type(f"{shape.title}Admin", (ReadOnly,), body)


for _shape in (*kinds_shown(), TRAIL, REFUSALS, TIMERS, OUTBOX):
    admin.site.register(MODELS[_shape.name], _page(_shape))
