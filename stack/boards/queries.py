"""The boards' queries of InfluxDB, in InfluxQL where it can be, in Flux where InfluxQL can't.

`$timeFilter`, `$__interval` and `v.…` are filled in by Grafana's server, `$plant` by its page. Names of measurements
and fields are the sink's.
"""

from swatlib.live.sink import ATTACK_EVENT, PIPELINE, READING, SCORE

HERE = '"plant" =~ /^$plant$/'
WITHIN = f"WHERE $timeFilter AND {HERE}"
EACH = "GROUP BY time($__interval)"  # with fill(null) an interval without points is a gap, at every zoom
LONGEST = "3h"  # an attack may have begun so long before the window
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


def last_lead(detector: str) -> str:
    return f'SELECT last("lead") AS "lead" FROM "{SCORE}" {WITHIN} AND {one(detector)} AND "alarm" = true'


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
    """Figures of the stream's batches, on wall-clock time."""
    chosen = ", ".join(f'{function}("{name}") AS "{alias}"' for function, name, alias in map(str.split, fields))
    return f'SELECT {chosen} FROM "{PIPELINE}" WHERE $timeFilter {EACH} fill(null)'


def stream_now(field: str) -> str:
    """A figure of the last minute, whatever time the board shows."""
    return f'SELECT {field} FROM "{PIPELINE}" WHERE time > now() - 1m'


_KNOWN = f"""import "array"
import "experimental"
early = experimental.subDuration(d: {LONGEST}, from: v.timeRangeStart)
known = from(bucket: v.defaultBucket)
  |> range(start: early, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "{ATTACK_EVENT}" and r.plant == "${{plant}}")
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
"""

# title and region of each known attack, also of those that began before the window
REGIONS = (
    _KNOWN
    + """known
  |> map(fn: (r) => ({time: r._time, timeEnd: time(v: int(v: r.end * 1000000000.0)), title: r.title, text: r.title}))"""
)

# a row with the known attack that is active
TRUTH = (
    _KNOWN
    + f"""begun = known |> map(fn: (r) => ({{_time: r._time, _value: r.title}}))
over = known |> map(fn: (r) => ({{_time: time(v: int(v: r.end * 1000000000.0)), _value: "{NONE}"}}))
before = array.from(rows: [{{_time: early, _value: "{NONE}"}}])
union(tables: [before, begun, over])
  |> filter(fn: (r) => r._time < v.timeRangeStop)
  |> sort(columns: ["_time"])
  |> rename(columns: {{_value: "known attacks"}})"""
)


def _scores(field: str, start: str = "v.timeRangeStart", stop: str = "v.timeRangeStop", detector: str = "") -> str:
    chosen = f' and r.detector == "{detector}"' if detector else ""
    return f"""from(bucket: v.defaultBucket)
  |> range(start: {start}, stop: {stop})
  |> filter(fn: (r) => r._measurement == "{SCORE}" and r._field == "{field}" and r.plant == "${{plant}}"{chosen})"""


# an alarm episode begins where the point before is not in alarm
_BEGINS = """
  |> toInt()
  |> difference()
  |> filter(fn: (r) => r._value == 1)"""


def delay() -> str:
    """Seconds from the start of the last known attack to the first alarm that begins within it, by detector."""
    return (
        _KNOWN
        + """starts = known |> sort(columns: ["_time"]) |> findColumn(fn: (key) => true, column: "_time")
ends = known |> sort(columns: ["_time"]) |> findColumn(fn: (key) => true, column: "end")
last = length(arr: starts) - 1
start = if last < 0 then v.timeRangeStart else starts[last]
stop = if last < 0 then v.timeRangeStop else time(v: int(v: ends[last] * 1000000000.0))
"""
        + _scores("alarm", "experimental.subDuration(d: 1s, from: start)", "stop")
        + _BEGINS
        + """
  |> first()
  |> filter(fn: (r) => last >= 0)
  |> map(fn: (r) => ({_time: r._time, detector: r.detector, _value: float(v: int(v: r._time) - int(v: start)) / 1e9}))
  |> group(columns: ["detector"])""".replace("1e9", "1000000000.0")
    )


def alarms_an_hour() -> str:
    return (
        _scores("alarm")
        + _BEGINS
        + """
  |> aggregateWindow(every: 1h, fn: count, createEmpty: false, timeSrc: "_start")
  |> keep(columns: ["_time", "_value", "detector"])
  |> group(columns: ["detector"])"""
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


def last_alarm(detector: str) -> str:
    """Seconds since the last point in alarm."""
    return _age(_scores("alarm", start="-30d", stop="now()", detector=detector) + "\n  |> filter(fn: (r) => r._value)")


def last_point(detector: str) -> str:
    """Seconds since the last score was made, on wall-clock time."""
    return _age(_scores("score", start="-30d", stop="now()", detector=detector))


def _age(found: str) -> str:
    return (
        found
        + """
  |> group()
  |> last()
  |> map(fn: (r) => ({_time: now(), _value: float(v: int(v: now()) - int(v: r._time)) / 1000000000.0}))"""
    )


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


# when each plant's readings begin and end: what a link needs to open on a recording's own time
PLANTS = f"""stored = from(bucket: v.defaultBucket)
  |> range(start: 1970-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z)
  |> filter(fn: (r) => r._measurement == "{READING}" and r._field == "LIT101")
first = stored |> first() |> map(fn: (r) => ({{plant: r.plant, start: int(v: r._time) / 1000000}})) |> group()
last = stored |> last() |> map(fn: (r) => ({{plant: r.plant, stop: int(v: r._time) / 1000000}})) |> group()
join(tables: {{first: first, last: last}}, on: ["plant"])"""
