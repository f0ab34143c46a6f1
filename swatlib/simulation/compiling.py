"""How the compiled step and the functions inside it are compiled.

None of them makes an array, so none counts who holds one: numba's counting, at each array that is handed on, took a
third of a step's time. Compiled code alone calls the inner ones, so they get no way in from Python, which took a fifth
of the time to compile the step.
"""

from numba import njit

# numba's stubs lack these options
outer = njit(cache=True, _nrt=False)  # type: ignore[call-overload]
inner = njit(_nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)  # type: ignore[call-overload]
