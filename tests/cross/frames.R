# Real data frames of R, written so that Python reads the very same values: a CSV of each, with
# numbers to the last bit, and the type and levels of its columns. Argument: the folder.
folder <- commandArgs(TRUE)[[1]]

with_holes <- function(data, ...) {
  holes <- list(...)
  for (name in names(holes)) is.na(data[[name]]) <- holes[[name]]
  data
}
birth <- MASS::birthwt
frames <- list(
  iris = iris,
  flowers = with_holes(iris, Species = c(3, 77), Sepal.Width = 5:6),
  air = airquality,
  birth = data.frame(
    low = birth$low == 1, age = birth$age, lwt = birth$lwt,
    race = factor(c("white", "black", "other")[birth$race], levels = c("white", "black", "other")),
    smoker = birth$smoke == 1, note = c("a", "b", "ö ü", "")[birth$ptl %% 4 + 1],
    bwt = birth$bwt, visits = as.double(birth$ftv)
  ),
  chicks = data.frame(
    weight = ChickWeight$weight, Time = ChickWeight$Time,
    Diet = factor(ChickWeight$Diet, levels = c(levels(ChickWeight$Diet), "never"), ordered = TRUE)
  ),
  cars = data.frame(mtcars, am2 = mtcars$am == 1, one = 1, check.names = FALSE)
)

type_of <- function(column) {
  if (is.factor(column)) "factor" else if (is.character(column)) "text" else typeof(column)
}
as_text <- function(column) {
  text <- if (is.double(column)) sprintf("%a", column) else as.character(column)
  replace(text, is.na(column), NA)
}
for (name in names(frames)) {
  data <- frames[[name]]
  types <- lapply(data, function(column) {
    list(type = type_of(column), levels = as.list(levels(column)))
  })
  saveRDS(data, file.path(folder, paste0(name, ".rds")))
  columns <- lapply(data, function(column) as.list(as_text(column)))
  writeLines(
    jsonlite::toJSON(list(types = types, columns = columns), auto_unbox = TRUE, na = "null"),
    file.path(folder, paste0(name, ".json"))
  )
}
