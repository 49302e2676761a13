library(testthat)
library(pytwolayer)

test_check("pytwolayer")
