"""Dull mistakes in the example's context, each with the test of the contract that is to see it."""

from typing import Final

CHECKED: Final = '        self.claimant = FIELDS.check_text(claimant, "claimant")\n'
GIVEN: Final = "        return act.done(FindGivenBack())\n"
CLAIMANT: Final = '    claimant: str = words(default="")\n'
#: A mistake each: its name, the test that is to see it, and the change that makes it.
MISTAKES: Final[dict[str, tuple[str, tuple[tuple[str, str], ...]]]] = {
    "another_permission": (
        "test_keys_versions_times_and_ids",
        (
            ("State.GIVEN_BACK, KEPT)", 'State.GIVEN_BACK, KEPT, may="erase")'),
            ('keeping=Keeping("find"))', 'keeping=Keeping("find"), more_actions=("finds.give_back",))'),
        ),
    ),
    "a_permission_that_nobody_holds": (
        "test_somebody_may_do_whatever_can_be_done",
        (('keeping=Keeping("find"))', 'keeping=Keeping("find"), more_actions=("finds.look",))'),),
    ),
    "a_clock_that_never_stops": (
        "test_no_clock_outlives_a_case",
        (("    yield s.stop(event, KEPT.id)\n", "    yield from ()\n"),),
    ),
    "a_text_missing_in_one_language": (
        "test_every_occasion_has_its_text_in_every_language",
        (('    "zh_hant": "物品{number}無人認領，請處理。",\n', ""),),
    ),
    "an_occasion_that_is_never_told": (
        "test_a_message_carries_every_fact_of_its_occasion_and_no_other",
        (('yield s.tell(fired, "unclaimed", s.rules.keeper, number=find.number)', "yield from ()"),),
    ),
    "words_that_are_not_personal": ("test_what_people_say_is_erased", ((CLAIMANT, '    claimant: str = ""\n'),)),
    "words_that_are_a_fact": (
        "test_what_people_say_is_erased",
        (("    owner: str = stamped()\n", "    owner: str = stamped()\n    what: str = stamped()\n"),),
    ),
    "words_that_are_thrown_away": (
        "test_what_people_say_is_erased",
        ((CHECKED, '        FIELDS.check_text(claimant, "claimant")\n'),),
    ),
    "a_queue_that_is_never_filled": (
        "test_a_queue_holds_what_is_not_at_its_end_or_all_by_whose_it_is",
        (
            ("from csdomain.kernel.store.kinds import Kind\n", "from csdomain.kernel.store.kinds import Field, Kind\n"),
            (
                "_FIELDS: Final = usual(MOVES)\n",
                '_FIELDS: Final = (*usual(MOVES)[:-1], Field("queue", str, lambda find: None))\n',
            ),
        ),
    ),
    "changed_before_it_is_checked": (
        "test_no_text_gets_in_that_a_store_cannot_keep",
        ((CHECKED, f"        self.claimant = claimant\n{CHECKED}"),),
    ),
    "a_text_that_nobody_checks": (
        "test_no_text_gets_in_that_a_store_cannot_keep",
        ((CHECKED, "        self.claimant = claimant\n"),),
    ),
    "a_field_that_is_not_read_back": (
        "test_a_case_is_read_as_it_was_stored",
        (
            (CLAIMANT, f'{CLAIMANT}    told: str = attrs.field(default="", init=False)\n'),
            (GIVEN, f'        self.told = "yes"\n{GIVEN}'),
        ),
    ),
    "an_argument_of_any_type": (
        "test_a_wrong_argument_is_refused_by_name",
        (("id: str, claimant: str, **call", "id: str, claimant: object, **call"),),
    ),
    "a_time_that_is_not_kept": (
        "test_each_state_takes_exactly_the_moves_of_its_table_by_who_may",
        (
            (
                GIVEN,
                "        before, told = self.moved_at, act.done(FindGivenBack())\n"
                "        self.moved_at = before\n        return told\n",
            ),
        ),
    ),
    "a_move_that_another_makes": (
        "test_each_state_takes_exactly_the_moves_of_its_table_by_who_may",
        ((GIVEN, "        self.state = State.GIVEN_BACK\n        return ()\n"),),
    ),
    "a_sample_that_is_missing": ("test_every_command_has_a_sample_and_a_move", ()),
}
