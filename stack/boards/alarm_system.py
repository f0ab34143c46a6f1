"""The alarm system itself, by the measures of ISA-18.2: how many alarms there are, which stand, which chatter."""

import grafana
import queries
from detector import NO_ALARM
from grafana import GREEN, ORANGE, RED, Page, flux, prop
from grafana_foundation_sdk.models import common

TIME = [prop("unit", "dateTimeAsIso")]
HIDDEN = [prop("custom.hideFrom.viz", True)]
MANAGEABLE, FLOOD = 2, 10  # episodes in ten minutes: ISA-18.2 calls up to 2 manageable for an operator, and 10 a flood
BURST = {None: GREEN, MANAGEABLE: ORANGE, FLOOD: RED}


def board() -> Page:
    page = Page("swat-alarms", "Alarm system", "Alarm episodes of a plant, by the measures of ISA-18.2.")
    page.mark_maintenance()
    page.add(_per_ten_minutes(), 12, 8)
    most = flux(queries.most_in_ten_minutes())
    page.add(grafana.number("Most episodes in 10 minutes", most, unit="none", steps=BURST), 4, 8)
    page.add(
        grafana.number("Episodes standing", flux(queries.standing()), unit="none", steps={None: GREEN, 1: RED}), 4, 8
    )
    page.add(grafana.number("Episodes not acknowledged", flux(queries.unseen()), unit="none"), 4, 8)
    page.add(episodes(), 24, 10)
    page.add(grafana.rows("Most frequent lead tags", flux(queries.frequent_leads()), NO_ALARM), 12, 8)
    chattering = grafana.rows("Chattering lead tags", flux(queries.chattering()), "none chattered in this time")
    page.add(chattering.description("Three or more episodes of one lead tag within ten minutes."), 12, 8)
    return page


def episodes():
    """The newest episodes, the newest first; a detector's name leads to its board at that time."""
    panel = grafana.rows("Alarm episodes", flux(queries.episodes()), NO_ALARM)
    fields = "from=${__data.fields.from.numeric}&to=${__data.fields.to.numeric}&${plant:queryparam}"
    link = {"title": "its board at that time", "url": f"/d/swat-${{__value.raw}}?{fields}"}
    panel = panel.override_by_name("strongest", [prop("links", [link])]).override_by_name("start", TIME)
    return panel.override_by_regexp("/^(from|to)$/", HIDDEN)


def _per_ten_minutes():
    panel = grafana.series("Alarm episodes (per 10 minutes)", flux(queries.per_ten_minutes()), unit="episodes")
    return panel.insert_nulls(False).draw_style(common.GraphDrawStyle.BARS).fill_opacity(60).min(0).axis_soft_max(1)
