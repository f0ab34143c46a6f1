"""The boards' queries of InfluxDB, in InfluxQL where it can be, in Flux where InfluxQL can't.

`$timeFilter`, `$__interval` and `v.…` are filled in by Grafana's server, `$plant` by its page. Names of measurements
and fields are the sink's.
"""

from collections.abc import Sequence

from swatlib.live.sink import ATTACK_EVENT, EPISODE, MAINTENANCE, PIPELINE, READING, SCORE

HERE = '"plant" =~ /^$plant$/'
HERE_IN_FLUX = "r.plant == ${plant:doublequote}"  # with its quotes escaped, as those of a plain `${plant}` are not
WITHIN = f"WHERE $timeFilter AND {HERE}"
EACH = "GROUP BY time($__interval)"  # with fill(null) an interval without points is a gap, at every zoom
LONGEST = "3h"  # an attack may have begun so long before the window
LONGEST_WINDOW = "31d"  # of maintenance, as `swatlib.live.maintenance` has it
NONE = "none"  # while no known attack is active


def one(detector: str) -> str:
    """Condition for one detector."""
    return f"\"detector\" = '{detector}'"


def score_and_threshold(detector: str) -> str:
    fields = 'max("score") AS "score", last("threshold") AS "threshold"'
    return f'SELECT {fields} FROM "{SCORE}" {WITHIN} AND {one(detector)} {EACH} fill(null)'


def alarms(condition: str = "") -> str:
    """Whether there was an alarm in each interval, one series per detector. Booleans: the page maps them to words."""
    return f'SELECT max("alarm") FROM "{SCORE}" {WITHIN}{condition} {EACH}, "detector" fill(null)'


def excess() -> str:
    """By how much of its threshold a score lies above it (a threshold may be negative): alarm above 0."""
    above = '(max("score") - last("threshold")) / abs(last("threshold")) AS "excess"'
    return f'SELECT {above} FROM "{SCORE}" {WITHIN} {EACH}, "detector" fill(null)'


def now(condition: str = "", by: str = ' GROUP BY "detector"') -> str:
    """The last point: score, threshold, alarm."""
    fields = ", ".join(f'last("{name}") AS "{name}"' for name in ("score", "threshold", "alarm"))
    return f'SELECT {fields} FROM "{SCORE}" {WITHIN}{condition}{by}'


def points_in_alarm(detector: str) -> str:
    fields = '"score", "threshold", "lead"'
    where = f'{WITHIN} AND {one(detector)} AND "alarm" = true'
    return f'SELECT {fields} FROM "{SCORE}" {where} ORDER BY time DESC LIMIT 200'


def seconds_in_alarm(detector: str) -> str:
    return f'SELECT count("score") FROM "{SCORE}" {WITHIN} AND {one(detector)} AND "alarm" = true'


def means(tags: tuple[str, ...]) -> str:
    return _tags("mean", tags)


def states(tags: tuple[str, ...]) -> str:
    return _tags("last", tags)


def _tags(function: str, tags: tuple[str, ...]) -> str:
    fields = ", ".join(f'{function}("{tag}") AS "{tag}"' for tag in tags)
    return f'SELECT {fields} FROM "{READING}" {WITHIN} {EACH} fill(null)'


def attacks() -> str:
    """Known attacks; `until` in milliseconds."""
    return f'SELECT "title", "end" * 1000 AS "until" FROM "{ATTACK_EVENT}" {WITHIN}'


def stream(*fields: str) -> str:
    """Figures of the stream's batches, on wall-clock time; a field as "function name alias"."""
    return f'SELECT {_chosen(fields)} FROM "{PIPELINE}" WHERE $timeFilter {EACH} fill(null)'


def stream_now(*fields: str) -> str:
    """Figures of the last minute, whatever time the board shows."""
    return f'SELECT {_chosen(fields)} FROM "{PIPELINE}" WHERE time > now() - 1m'


def _chosen(fields: Sequence[str]) -> str:
    return ", ".join(f'{function}("{name}") AS "{alias}"' for function, name, alias in map(str.split, fields))


_KNOWN = f"""import "array"
import "experimental"
import "strings"
early = experimental.subDuration(d: {LONGEST}, from: v.timeRangeStart)
known = from(bucket: v.defaultBucket)
  |> range(start: early, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "{ATTACK_EVENT}" and {HERE_IN_FLUX})
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
"""

# title and region of each known attack, also of those that began before the window
REGIONS = (
    _KNOWN
    + """known
  |> map(fn: (r) => ({time: r._time, timeEnd: time(v: int(v: r.end * 1000000000.0)), title: r.title, text: r.title}))"""
)

# a row whenever it changes which known attacks are active: their titles, those of all while several overlap
TRUTH = (
    _KNOWN
    + f"""stop = (r) => int(v: r.end * 1000000000.0)
whole = (r) => string(v: int(v: r._time)) + "\\t" + string(v: stop(r: r)) + "\\t" + r.title
each = known |> map(fn: (r) => ({{r with whole: whole(r: r)}})) |> findColumn(fn: (key) => true, column: "whole")
begins = (part) => int(v: strings.split(v: part, t: "\\t")[0])
ends = (part) => int(v: strings.split(v: part, t: "\\t")[1])
titles = (when) => strings.joinStr(v: " + ", arr: array.map(
  arr: array.filter(arr: each, fn: (x) => begins(part: x) <= when and when < ends(part: x)),
  fn: (x) => strings.split(v: x, t: "\\t")[2]))
begun = known |> map(fn: (r) => ({{_time: r._time}}))
over = known |> map(fn: (r) => ({{_time: time(v: stop(r: r))}}))
before = array.from(rows: [{{_time: early}}])
union(tables: [before, begun, over])
  |> filter(fn: (r) => r._time < v.timeRangeStop)
  |> sort(columns: ["_time"])
  |> map(fn: (r) => ({{_time: r._time, active: titles(when: int(v: r._time))}}))
  |> map(fn: (r) => ({{_time: r._time, "known attacks": if r.active == "" then "{NONE}" else r.active}}))"""
)


def _scores(field: str, start: str = "v.timeRangeStart", stop: str = "v.timeRangeStop", detector: str = "") -> str:
    chosen = f' and r.detector == "{detector}"' if detector else ""
    return f"""from(bucket: v.defaultBucket)
  |> range(start: {start}, stop: {stop})
  |> filter(fn: (r) => r._measurement == "{SCORE}" and r._field == "{field}" and {HERE_IN_FLUX}{chosen})"""


def delay() -> str:
    """For each detector the seconds from the start of the last known attack to the first alarm that begins within it.

    "on" where an alarm stood already, "none" where none began.
    """
    return (
        _KNOWN
        + """starts = known |> sort(columns: ["_time"]) |> findColumn(fn: (key) => true, column: "_time")
ends = known |> sort(columns: ["_time"]) |> findColumn(fn: (key) => true, column: "end")
latest = length(arr: starts) - 1
start = if latest < 0 then v.timeRangeStart else starts[latest]
stop = if latest < 0 then v.timeRangeStop else time(v: int(v: ends[latest] * 1000000000.0))
during = """
        + _scores("alarm", "experimental.subDuration(d: 1s, from: start)", "stop")
        + f"""
  |> filter(fn: (r) => latest >= 0)
  |> toInt()
  |> keep(columns: ["_time", "_value", "detector"])
  |> group(columns: ["detector"])
stood = during
  |> filter(fn: (r) => int(v: r._time) < int(v: start) + 1000000000)
  |> sum()
  |> filter(fn: (r) => r._value == 2)
  |> map(fn: (r) => ({{detector: r.detector, order: 0, delay: "on"}}))
seconds = (r) => string(v: (int(v: r._time) - int(v: start)) / 1000000000) + " s"
begun = during
  |> difference()
  |> filter(fn: (r) => r._value == 1)
  |> first()
  |> map(fn: (r) => ({{detector: r.detector, order: 1, delay: seconds(r: r)}}))
without = during |> last() |> map(fn: (r) => ({{detector: r.detector, order: 2, delay: "{NONE}"}}))
union(tables: [stood, begun, without])
  |> group(columns: ["detector"])
  |> sort(columns: ["order"])
  |> limit(n: 1)
  |> group()
  |> sort(columns: ["detector"])
  |> keep(columns: ["detector", "delay"])"""
    )


def alarms_an_hour() -> str:
    """For each detector how many alarm episodes begin in an hour, on average over the window."""
    return (
        "hours = float(v: int(v: v.timeRangeStop) - int(v: v.timeRangeStart)) / 3600000000000.0\n"
        + _scores("alarm")
        + """
  |> toInt()
  |> difference()
  |> map(fn: (r) => ({detector: r.detector, episodes: if r._value == 1 then 1.0 / hours else 0.0}))
  |> group(columns: ["detector"])
  |> sum(column: "episodes")
  |> group()
  |> sort(columns: ["detector"])"""
    )


def alarms_counted(detector: str) -> str:
    """Number of alarm episodes."""
    return (
        _scores("alarm", detector=detector)
        + """
  |> toInt()
  |> difference()
  |> map(fn: (r) => ({_time: r._time, _value: if r._value == 1 then 1 else 0}))
  |> sum()"""
    )


def ages(detector: str) -> str:
    """Seconds since the last score was made, and since the last one in alarm, on wall-clock time."""
    score, alarm = (_scores(field, start="-30d", stop="now()", detector=detector) for field in ("score", "alarm"))
    return f"""age = (r) => float(v: int(v: now()) - int(v: r._time)) / 1000000000.0
scored = {score}
  |> group()
  |> last()
  |> map(fn: (r) => ({{what: "score", age: age(r: r)}}))
alarmed = {alarm}
  |> filter(fn: (r) => r._value)
  |> group()
  |> last()
  |> map(fn: (r) => ({{what: "alarm", age: age(r: r)}}))
union(tables: [scored, alarmed])
  |> map(fn: (r) => ({{_time: now(), what: r.what, age: r.age}}))
  |> pivot(rowKey: ["_time"], columnKey: ["what"], valueColumn: "age")"""


def leads(detector: str) -> str:
    """Number of points in alarm in which each tag is the lead tag."""
    return (
        _scores("lead", detector=detector)
        + """
  |> map(fn: (r) => ({tag: r._value, n: 1}))
  |> group(columns: ["tag"])
  |> sum(column: "n")
  |> group()
  |> sort(columns: ["n"], desc: true)"""
    )


def _of_episodes(field: str) -> str:
    return f"""from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "{EPISODE}" and r._field == "{field}" and {HERE_IN_FLUX})"""


def _maintenance(stop: str = "v.timeRangeStop") -> str:
    return f"""from(bucket: v.defaultBucket)
  |> range(start: experimental.subDuration(d: {LONGEST_WINDOW}, from: v.timeRangeStart), stop: {stop})
  |> filter(fn: (r) => r._measurement == "{MAINTENANCE}" and {HERE_IN_FLUX})
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> map(fn: (r) => ({{r with _stop: time(v: int(v: r.end * 1000000000.0))}}))"""


def maintenance_regions() -> str:
    return (
        'import "experimental"\n'
        + _maintenance()
        + """
  |> filter(fn: (r) => r._stop > r._time)
  |> map(fn: (r) => ({time: r._time, timeEnd: r._stop, title: "maintenance", text: "maintenance: " + r.note}))"""
    )


def maintenance() -> str:
    """Windows, the newest first; planned ones too. Times in milliseconds."""
    stop = f"experimental.addDuration(d: {LONGEST_WINDOW}, to: v.timeRangeStop)"
    return (
        'import "experimental"\n'
        + _maintenance(stop)
        + """
  |> sort(columns: ["_time"], desc: true)
  |> limit(n: 20)
  |> map(fn: (r) => ({start: int(v: r._time) / 1000000, until: int(v: r._stop) / 1000000,
    state: if exists r.ended then "ended early" else if r._time > now() then "planned"
      else if r._stop > now() then "now" else "over", note: r.note}))"""
    )


def episodes() -> str:
    """The newest 20 episodes: what each was, its state, and the times (ms) between which a board shows it."""
    return f"""import "array"
import "experimental"
import "strings"
windows = {_maintenance()}
  |> map(fn: (r) => ({{window: string(v: int(v: r._time)) + " " + string(v: int(v: r._stop))}}))
  |> findColumn(fn: (key) => true, column: "window")
edge = (of, number) => int(v: strings.split(v: of, t: " ")[number])
kept = (when) => length(arr: array.filter(arr: windows, fn: (x) =>
  edge(of: x, number: 0) <= when and when < edge(of: x, number: 1))) > 0
from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "{EPISODE}" and {HERE_IN_FLUX})
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> sort(columns: ["_time"], desc: true)
  |> limit(n: 20)
  |> map(fn: (r) => ({{
    start: int(v: r._time) / 1000000,
    lasts: string(v: int(v: r.end) - int(v: r._time) / 1000000000 + 1) + " s",
    state: if exists r.shelved_until and r.shelved_until > float(v: int(v: now())) / 1000000000.0 then "shelved"
      else if exists r.acknowledged then "acknowledged" else if kept(when: int(v: r._time)) then "maintenance"
      else if r.standing then "standing" else "over",
    peak: r.peak, strongest: r.strongest, lead: r.lead, why: r.why, detectors: r.detectors,
    note: if exists r.note then r.note else "",
    from: int(v: r._time) / 1000000 - 120000, to: int(v: r.end) * 1000 + 120000}}))"""


def per_ten_minutes() -> str:
    return (
        _of_episodes("agree")
        + """
  |> aggregateWindow(every: 10m, fn: count, timeSrc: "_start")
  |> keep(columns: ["_time", "_value"])
  |> rename(columns: {_value: "episodes"})"""
    )


def most_in_ten_minutes() -> str:
    return _of_episodes("agree") + "\n  |> aggregateWindow(every: 10m, fn: count)\n  |> max()"


def standing() -> str:
    return (
        _of_episodes("standing")
        + "\n  |> map(fn: (r) => ({_time: r._time, _value: if r._value then 1 else 0}))\n  |> sum()"
    )


def unseen() -> str:
    """Number of episodes that nobody has acknowledged."""
    return f"""seen = {_of_episodes("acknowledged")}
  |> map(fn: (r) => ({{_time: r._time, _value: -1}}))
  |> group()
all = {_of_episodes("agree")}
  |> map(fn: (r) => ({{_time: r._time, _value: 1}}))
  |> group()
union(tables: [seen, all])
  |> sum()"""


def frequent_leads() -> str:
    return (
        _of_episodes("lead")
        + """
  |> map(fn: (r) => ({lead: r._value, episodes: 1}))
  |> group(columns: ["lead"])
  |> sum(column: "episodes")
  |> group()
  |> sort(columns: ["episodes"], desc: true)"""
    )


def chattering() -> str:
    """Lead tags with three episodes or more in ten minutes, and how many at most. The off-delay leaves none in one."""
    return (
        _of_episodes("lead")
        + """
  |> map(fn: (r) => ({_time: r._time, lead: r._value, _value: 1}))
  |> group(columns: ["lead"])
  |> window(every: 10m)
  |> count()
  |> filter(fn: (r) => r._value >= 3)
  |> group(columns: ["lead"])
  |> max()
  |> group()
  |> map(fn: (r) => ({lead: r.lead, episodes: r._value}))"""
    )


# when each plant's readings begin and end: what a link needs to open on a recording's own time
PLANTS = f"""stored = from(bucket: v.defaultBucket)
  |> range(start: 1970-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z)
  |> filter(fn: (r) => r._measurement == "{READING}" and r._field == "LIT101")
first = stored |> first() |> map(fn: (r) => ({{plant: r.plant, start: int(v: r._time) / 1000000}})) |> group()
last = stored |> last() |> map(fn: (r) => ({{plant: r.plant, stop: int(v: r._time) / 1000000}})) |> group()
join(tables: {{first: first, last: last}}, on: ["plant"])"""
