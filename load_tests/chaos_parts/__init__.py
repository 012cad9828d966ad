"""The parts of `load_tests/chaos.py`: docmill under faults, judged by somebody who knows nothing of docmill.

the witness      ledger.py, read_out.py, oracle.py, fallback_rules.py: import nothing of docmill
what is driven   driven.py: the processor with documents.py and bundles.py, or the fallback with
                 fallback_requests.py and generator.py
the scene        cluster.py (broker), proxy.py, fleet.py (workers), sender.py, throughput.py, drain.py
the faults       plan.py (which, when), faults.py (how)
the run          run.py, state.py, report.py, recovery.py, plot.py
the controls     naive_one_id.py, naive_ack_first.py: two well-known ways that do not hold
"""
