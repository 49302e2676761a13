"""Print "PASSED FAILED" from the JUnit file that pytest wrote."""

import sys
import xml.etree.ElementTree as ElementTree

suites = list(ElementTree.parse(sys.argv[1]).getroot().iter("testsuite"))
total, failures, errors, skipped = (
    sum(int(suite.get(name, 0)) for suite in suites)
    for name in ("tests", "failures", "errors", "skipped")
)
print(total - failures - errors - skipped, failures + errors)
