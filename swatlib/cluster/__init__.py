"""The same work in this process, in several, or on Spark's executors; readings of many plants scored that way.

points → crew (tried again where one fails) → outcomes, as they come
folder of parquet → pieces → plan → each piece with its history → Pipeline.score_last → parquet, partitioned alike
"""

from swatlib.cluster.crew import ClusterError, Place, crew_on, map_on
from swatlib.cluster.scoring import Scored, read_scores, score_folder

__all__ = ["ClusterError", "Place", "Scored", "crew_on", "map_on", "read_scores", "score_folder"]
