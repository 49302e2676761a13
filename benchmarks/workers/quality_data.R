# Writes R's data sets as CSV for benchmarks/quality.py: one file a set, and
# sets.csv, which says of each column what it is. Rows with missing values go.
# They come with R, with its recommended packages and with ggplot2.
#
#   Rscript quality_data.R FOLDER

folder <- commandArgs(trailingOnly = TRUE)[[1]]

take <- function(package, name) {
  from <- new.env()
  suppressWarnings(utils::data(list = name, package = package, envir = from))
  if (is.null(from[[name]])) getExportedValue(package, name) else from[[name]]
}

counts_to_rows <- function(table) {
  cells <- as.data.frame(table)
  cells[rep(seq_len(nrow(cells)), cells$Freq), names(cells) != "Freq", drop = FALSE]
}

sampled <- function(data, rows) {
  set.seed(20)
  data[sort(sample(nrow(data), rows)), , drop = FALSE]
}

without <- function(data, ...) data[setdiff(names(data), c(...))]

# The defaults were chosen on these,
chosen_on <- list(
  boston = list("medv", take("MASS", "Boston")),
  cpus = list("perf", without(take("MASS", "cpus"), "name", "estperf")),
  nlschools = list("lang", without(take("MASS", "nlschools"), "class")),
  airquality = list("Ozone", take("datasets", "airquality")),
  chickweight = list("weight", take("datasets", "ChickWeight")),
  quakes = list("mag", take("datasets", "quakes")),
  mpg = list("hwy", without(take("ggplot2", "mpg"), "cty")),
  solder = list("skips", take("rpart", "solder")),
  spruce = list("logSize", take("nlme", "Spruce")),
  txhousing = list("median", without(take("ggplot2", "txhousing"), "volume", "date")),
  pima = list("type", rbind(take("MASS", "Pima.tr"), take("MASS", "Pima.te"))),
  biopsy = list("class", without(take("MASS", "biopsy"), "ID")),
  glass = list("type", take("MASS", "fgl")),
  lowbirth = list("low", within(without(take("MASS", "birthwt"), "bwt"), {
    low <- factor(low)
    race <- factor(race)
  })),
  titanic = list("Survived", counts_to_rows(datasets::Titanic)),
  nwtco = list("rel", within(without(take("survival", "nwtco"), "seqno", "edrel"), {
    rel <- factor(rel)
    stage <- factor(stage)
  })),
  mgus2 = list("death", within(without(take("survival", "mgus2"), "id", "futime"), {
    death <- factor(death)
  })),
  # (it showed what two mistyped rows of 20,000 do to numbers that are not clipped)
  diamonds = list("price", sampled(as.data.frame(take("ggplot2", "diamonds")), 20000)),
  crabs = list("group", within(without(take("MASS", "crabs"), "index"), {
    group <- factor(paste(sp, sex))
    rm(sp, sex)
  })),
  infert = list("case", within(
    without(take("datasets", "infert"), "stratum", "pooled.stratum"), case <- factor(case)
  ))
)

# and confirmed on these: nothing was ever chosen on them.
confirmed_on <- list(
  mathachieve = list("MathAch", without(take("nlme", "MathAchieve"), "School")),
  midwest = list("percbelowpoverty", without(
    as.data.frame(take("ggplot2", "midwest")), "PID", "county", "poptotal",
    "percchildbelowpovert", "percadultpoverty", "percelderlypoverty"
  )),
  soybean = list("weight", without(take("nlme", "Soybean"), "Plot")),
  milk = list("protein", without(take("nlme", "Milk"), "Cow")),
  liver = list("bili", without(take("survival", "pbc"), "id", "time", "status")),
  barley = list("yield", take("lattice", "barley")),
  earthquake = list("accel", without(take("nlme", "Earthquake"), "Quake")),
  rotterdam = list("nodes", without(take("survival", "rotterdam"), "pid")),
  cars = list("Price", take("rpart", "car90")[
    c("Country", "Disp", "HP", "Length", "Luggage", "Steering", "Tank", "Type", "Weight", "Price")
  ]),
  admissions = list("Admit", counts_to_rows(datasets::UCBAdmissions)),
  haireye = list("Eye", counts_to_rows(datasets::HairEyeColor)),
  flchain = list("death", within(
    without(take("survival", "flchain"), "futime", "chapter"), death <- factor(death)
  )),
  colon = list("status", within(
    without(subset(take("survival", "colon"), etype == 2), "id", "time", "study", "etype"), {
      status <- factor(status)
    }
  )),
  shuttle = list("use", take("MASS", "shuttle")),
  vehicles = list("Type", without(take("MASS", "Cars93"), "Model", "Make", "Manufacturer")),
  stagec = list("pgstat", within(without(take("rpart", "stagec"), "pgtime"), {
    pgstat <- factor(pgstat)
  })),
  nafld = list("status", within(without(take("survival", "nafld1"), "id", "case.id", "futime"), {
    status <- factor(status)
  })),
  breast = list("status", within(without(take("survival", "gbsg"), "pid", "rfstime"), {
    status <- factor(status)
  })),
  aids = list("status", without(take("MASS", "Aids2"), "death")),
  bacteria = list("y", without(take("MASS", "bacteria"), "ID")),
  synthetic = list("yc", within(rbind(take("MASS", "synth.tr"), take("MASS", "synth.te")), {
    yc <- factor(yc)
  })),
  survey = list("Sex", take("MASS", "survey")),
  quine = list("Days", take("MASS", "quine")),
  epilepsy = list("y", without(take("MASS", "epil"), "subject", "lbase", "lage")),
  faithful = list("eruptions", take("datasets", "faithful")),
  cirrhosis = list("albumin", without(
    take("survival", "pbcseq"), "id", "futime", "status", "day"
  ))
)

kind <- function(column) {
  if (is.logical(column)) "logical" else if (is.numeric(column)) "number" else "factor"
}

write_set <- function(role, name, set) {
  outcome <- set[[1]]
  data <- droplevels(stats::na.omit(as.data.frame(set[[2]])))
  utils::write.csv(data, file.path(folder, paste0(name, ".csv")), row.names = FALSE)
  kinds <- vapply(data, kind, "")
  data.frame(
    set = name, role = role, column = names(data), kind = kinds,
    outcome = names(data) == outcome
  )
}

write_sets <- function(role, sets) {
  do.call(rbind, Map(function(name, set) write_set(role, name, set), names(sets), sets))
}

described <- rbind(
  write_sets("chosen on", chosen_on),
  write_sets("confirmed on", confirmed_on)
)
utils::write.csv(described, file.path(folder, "sets.csv"), row.names = FALSE)
