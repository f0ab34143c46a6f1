"""How the functions inside the compiled step are compiled: compiled code alone calls them, so they get no way in from
Python, which took a fifth of the time to compile the step."""

from numba import njit

inner = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)  # type: ignore[call-overload]  # its stubs lack these two
