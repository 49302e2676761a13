small <- function(y, ...) {
  x <- data.frame(a = c(1, 2, 4, 3), b = factor(c("p", "q", "p", "q")))
  two_layer(x, y, hidden_units = 1, epochs = 1, seed = 1, ...)
}

end_of_header <- function(bytes) 8 + header_length(bytes[1:8], length(bytes))

# With one byte that is another, at each of these places.
expect_damage_at <- function(bytes, places, other) {
  withr::local_options("rlang:::disable_trace_capture" = TRUE) # thousands that nobody reads
  read <- function(changed) {
    tryCatch(
      read_parts(taking(changed), length(changed), NULL, NULL),
      pytwolayer_error_file = function(cnd) cnd$problem
    )
  }
  damage <- "^it is damaged(: its checksum does not match$|, or is not a file of pytwolayer: )"
  raw_errors <- "lexical|parse|invalid|argument|subscript|line 1"
  for (place in places) {
    changed <- replace(bytes, place, other(bytes[[place]], place))
    if (!identical(changed, bytes)) {
      problem <- read(changed)
      if (is.list(problem) || !grepl(damage, problem) || grepl(raw_errors, problem)) {
        return(fail(sprintf("byte %d as %s: %s", place, changed[[place]], format(problem)[[1]])))
      }
    }
  }
  succeed()
}

another_bit <- function(byte, place) xor(byte, as.raw(2^((place * 5) %% 8)))

test_that("a bit changed in any byte of a model reads as damage", {
  skip_without_torch()
  bytes <- small(c(1, 2, 4, 3))$model
  expect_s3_class(read_back(bytes), "two_layer")
  expect_damage_at(bytes, seq_along(bytes), another_bit)
})

test_that("what JSON knows, anywhere in the header, reads as damage", {
  skip_without_torch()
  bytes <- small(factor(c("u", "v", "u", "v")))$model
  special <- utf8ToInt(" \t\n\"\\{}[],:/0129eu.-")
  expect_damage_at(bytes, seq(1, end_of_header(bytes), by = 3), function(byte, place) {
    as.raw(special[[1 + (place %/% 3) %% length(special)]])
  })
})

test_that("any byte in the last places of the header reads as damage", {
  skip_without_torch()
  bytes <- small(c(1, 2, 4, 3))$model
  for (value in utf8ToInt(" \t\n\r\"},0\x7f")) {
    places <- c(1:2, end_of_header(bytes) + -8:1)
    expect_damage_at(bytes, places, function(byte, place) as.raw(value))
  }
})

test_that("a file of another kind is told with its kind and with the one that is expected", {
  skip_without_torch()
  bytes <- rewritten(small(c(1, 2, 4, 3))$model, replaced_text('"model"', '"archive"'))
  cnd <- expect_error(read_back(bytes), class = "pytwolayer_error_file")
  expect_match(conditionMessage(cnd), 'it is a file of kind "archive", not "model".', fixed = TRUE)
})

test_that("a format that damage makes newer is no newer one", {
  skip_without_torch()
  bytes <- small(c(1, 2, 4, 3))$model
  text <- rawToChar(bytes[9:end_of_header(bytes)])
  place <- 8 + regexpr("format\\\": 4", text, fixed = TRUE) + nchar("format\\\": ")
  expect_damage_at(bytes, place, function(byte, place) charToRaw("5"))
})

test_that("a bit changed in an ensemble's header or in its models reads as damage", {
  skip_without_torch()
  bytes <- small(c(1, 2, 4, 3), n_models = 2)$model
  expect_s3_class(read_back(bytes), "two_layer_ensemble")
  end <- end_of_header(bytes)
  expect_damage_at(bytes, seq(1, end, by = 2), another_bit)
  expect_damage_at(bytes, seq(end + 1, length(bytes), by = 97), another_bit)
})
