"""The same work in this process, in several, or on Spark's executors; readings of many plants scored that way.

points → crew (tried again where one fails) → outcomes, as they come
folder of parquet → pieces → plan → each piece with its history → Pipeline.score_last → parquet, partitioned alike
"""

from swatlib.cluster.crew import HERE, ClusterError, Crew, Place, crew_on, files_named, map_on, told_done, values_of
from swatlib.cluster.scoring import Scored, read_scores, score_folder

__all__ = [
    "HERE",
    "ClusterError",
    "Crew",
    "Place",
    "Scored",
    "crew_on",
    "files_named",
    "map_on",
    "read_scores",
    "score_folder",
    "told_done",
    "values_of",
]
