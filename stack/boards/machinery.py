"""Three boards of the machinery: is every part alive, what does the machine do, how does the stream run?"""

from chronograf import GREEN, RED, WITHIN, YELLOW, Board, each, last, metric, rates

from swatlib.live.sink import PIPELINE
from swatlib.live.telegraf import PRODUCER, QUERY_FAILED, QUERY_RUNS, STREAM

OVERDUE = 20  # seconds without a report: they come every 5, and every 10 from a stream that has nothing to do
PARTS = {  # what each part reports, and where; `stored` comes from the stream past Telegraf
    "telegraf": ("telegraf", "internal_agent", "metrics_written"),
    "kafka": ("telegraf", "kafka_broker", "heap_used"),
    "influxdb": ("telegraf", "influxdb", "influxdb_uptime_seconds"),
    "producer": ("telegraf", PRODUCER, "sent"),
    "stream": ("telegraf", STREAM, "state"),
    "stored": ("swat", PIPELINE, "rows_out"),
}
BASE = -1_000_000  # the first step of a number's colours
LATE = {BASE: GREEN, 5: YELLOW, 30: RED}
NONE = {BASE: GREEN, 1: RED}
BEHIND = {BASE: GREEN, 1_000: YELLOW, 10_000: RED}
MEGABYTES = " / 1048576"
QUERIES = "influxql_service_executing_duration_seconds_count"
PROCESSES = ("kafka", "influxdb", "spark", "producer")
MOST = "20"  # rows/s that an axis shows: a plant has 1, and sends its first 1,200 rows at once

# of all buckets, whose names its figures do not hold
SERIES = (
    'SELECT sum("of_bucket") AS "last" FROM (SELECT last("storage_bucket_series_num") AS "of_bucket" '
    f'FROM "telegraf"."autogen"."influxdb" WHERE {WITHIN} GROUP BY "bucket")'
)
REJECTED = f'SELECT sum("rejected") AS "last" FROM "telegraf"."autogen"."{STREAM}" WHERE {WITHIN}'
ALERTS = (
    'SELECT "values_B" AS "detectors", "annotations_summary" AS "text" FROM "telegraf"."autogen"."alert" '
    f'WHERE {WITHIN} GROUP BY "status", "labels_plant"'
)


def health() -> Board:
    """Is every part alive, and does each keep up with the one before?"""
    board = Board(9001, "SWaT: is every part alive?")
    board.table("Time since the last report of each part (s)", 6, alive(), flux=True, height=4,
                names={"part": "part", "_time": "last report", "seconds": "seconds", "state": "state"})  # fmt: skip
    board.table("Alerts sent by Grafana", 6, ALERTS, height=4, digits=0)
    produced = rates(PRODUCER, "plant", sent="sent", acknowledged="acked")
    board.lines("Throughput of the producer (rows/s)", 4, produced, up_to=MOST)
    received = rates("kafka_topic", "topic", messages="MessagesInPerSec")
    board.lines("Throughput of Kafka (messages/s)", 4, received, up_to=MOST)
    stored = metric('sum("rows_out") / 10 AS "stored"', STREAM, every="10s")
    board.lines("Rows stored (rows/s)", 4, stored, up_to=MOST)
    board.lines("Unacknowledged rows", 3, metric('last("sent") - last("acked") AS "rows"', PRODUCER), up_to="100")
    board.lines("Consumer lag (messages)", 3, metric('max("behind") AS "messages"', STREAM), up_to="100")
    latency = 'max("latency_p50") AS "p50", max("latency_p95") AS "p95"'
    board.lines("End-to-end latency (s), p50 and p95", 3, metric(latency, STREAM), unit="s", up_to="30")
    board.number("Rejected messages", 3, REJECTED, steps=NONE, height=3)
    board.number("End-to-end latency (s), p95", 3, last("latency_p95", STREAM), " s", LATE, 1)
    board.number("Consumer lag now (messages)", 3, last("behind", STREAM), steps=BEHIND)
    waiting = last("buffer_size", "internal_write", where=" AND \"output\" = 'influxdb_v2'")
    board.number("Points buffered in Telegraf", 3, waiting, steps=BEHIND)
    board.number("Points dropped by InfluxDB", 3, last("storage_writer_dropped_points_sum", "influxdb"), steps=NONE)
    return board


def alive() -> str:
    """Flux: a row for each part that reported within a day, with the seconds since. A part that died stays in it."""
    named = "\n".join(_age(part, *where) for part, where in PARTS.items())
    state = f'if r.seconds > {float(OVERDUE)} then "DOWN" else "alive"'
    return f"""{named}
union(tables: [{", ".join(PARTS)}]) |> group() |> sort(columns: ["part"])
  |> map(fn: (r) => ({{r with state: {state}}}))"""


def _age(part: str, bucket: str, measurement: str, field: str) -> str:
    since = "float(v: int(v: now()) - int(v: r._time)) / 1000000000.0"
    return f"""{part} = from(bucket: "{bucket}") |> range(start: -1d)
  |> filter(fn: (r) => r._measurement == "{measurement}" and r._field == "{field}")
  |> last() |> map(fn: (r) => ({{_time: r._time, part: "{part}", seconds: {since}}}))
  |> group() |> sort(columns: ["_time"]) |> last(column: "_time")"""


def machine() -> Board:
    """What do the machine and each process use?"""
    board = Board(9002, "SWaT: machine and processes")
    usage = ", ".join(f'mean("usage_{kind}") AS "{kind}"' for kind in ("user", "system", "iowait"))
    board.lines("CPU by kind (%)", 6, metric(usage, "cpu"), unit="%", kind="line-stacked")
    board.gauge("Memory used (%)", 3, last("used_percent", "mem"), " %", 75, 90)
    board.gauge("Disk used (%)", 3, last("used_percent", "disk"), " %", 75, 90)
    board.lines("CPU of each process (% of a core)", 6, each("mean", "cpu_usage", "procstat", "filter", *PROCESSES),
                unit="%")  # fmt: skip
    board.lines("Memory of each process (B)", 6, each("mean", "memory_rss", "procstat", "filter", *PROCESSES),
                unit="B", base="2")  # fmt: skip
    board.table("Running processes", 4, last("running", "procstat_lookup", "filter"), digits=0,
                names={"filter": "program", "procstat_lookup.last": "processes"})  # fmt: skip
    board.lines("Load average (1 min)", 4, metric('mean("load1") AS "load"', "system"))
    board.lines(
        "Heap of the Kafka broker (B)", 4, metric('last("heap_used") AS "heap"', "kafka_broker"), unit="B", base="2"
    )
    heap = metric('last("go_memstats_heap_inuse_bytes") AS "heap"', "influxdb")
    board.lines("Heap of InfluxDB (B)", 4, heap, unit="B", base="2")
    board.number("Uptime of the machine (h)", 4, last("uptime", "system", scale=" / 3600"), " h", digits=1, height=3)
    return board


def stream() -> Board:
    """How does the stream run: batches, broker, storage?"""
    board = Board(9003, "SWaT: stream, broker, storage")
    rows = 'sum("rows_in") AS "read", sum("rows_out") AS "stored"'
    board.lines("Rows read and stored (per 10 s)", 4, metric(rows, STREAM, every="10s"), kind="bar", up_to="200")
    board.lines("Batch duration (s)", 4, metric('max("seconds") AS "longest"', STREAM), unit="s")
    board.lines("Throughput within batches (rows/s)", 4, metric('max("rows_per_second") AS "best"', STREAM))
    spoilt = ", ".join(f'sum("{name}") AS "{name}"' for name in ("late", "gaps", "missing"))
    board.lines("Late rows, gaps, missing readings (per 10 s)", 4, metric(spoilt, STREAM, every="10s"))
    alarms = metric('sum("alarms") AS "rows"', STREAM, every="10s")
    board.lines("Rows in alarm (per 10 s)", 4, alarms, kind="bar")
    board.table("State", 4, states(), flux=True, names={"query": "query", "_time": "last report", "state": "state"})
    board.lines("Throughput into Kafka (B/s)", 4, rates("kafka_topic", "topic", bytes="BytesInPerSec"), base="2")
    requests = each("max", "99thPercentile", "kafka_request", "request", "Produce", "FetchConsumer")
    board.lines("Request latency of Kafka (ms), p99", 4, requests, unit="ms")
    board.table("Log size of each topic (MB)", 4, last("Size", "kafka_log", "topic", "partition", scale=MEGABYTES),
                names={"topic": "topic", "partition": "partition", "kafka_log.last": "MB"})  # fmt: skip
    stored = rates("influxdb", points="storage_writer_ok_points_sum")
    board.lines("Throughput into InfluxDB (points/s)", 4, stored)
    board.lines("Query rate of InfluxDB (queries/s)", 4, rates("influxdb", queries=QUERIES))
    board.number("Series in InfluxDB", 4, SERIES, height=3)
    return board


def states() -> str:
    """Flux: a row for each query of the stream, with its last state in a word."""
    words = (
        f'if r._value == {QUERY_RUNS} then "running" else if r._value == {QUERY_FAILED} then "failed" else "stopped"'
    )
    return f"""from(bucket: "telegraf") |> range(start: -1d)
  |> filter(fn: (r) => r._measurement == "{STREAM}" and r._field == "state")
  |> last() |> map(fn: (r) => ({{_time: r._time, query: r.query, state: {words}}})) |> group()"""
