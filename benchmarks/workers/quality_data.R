# Writes R's data sets as CSV for benchmarks/quality.py: one file a set, and
# sets.csv, which says of each column what it is. Rows with missing values go.
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

sets <- list(
  # --- the defaults were chosen on these
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
  # --- the defaults were confirmed on these, and never chosen on them
  diamonds = list("price", sampled(as.data.frame(take("ggplot2", "diamonds")), 20000)),
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
  cars = list("Price", without(take("rpart", "car90"), "Model2", "Tires", "Rim", "Trans1", "Trans2", "Rel1", "Rel2", "Price2")),
  crabs = list("group", within(without(take("MASS", "crabs"), "index"), {
    group <- factor(paste(sp, sex))
    rm(sp, sex)
  })),
  infert = list("case", within(
    without(take("datasets", "infert"), "stratum", "pooled.stratum"), case <- factor(case)
  )),
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
  }))
)

kind <- function(column) {
  if (is.logical(column)) "logical" else if (is.numeric(column)) "number" else "factor"
}

write_set <- function(name, outcome, data) {
  data <- droplevels(stats::na.omit(as.data.frame(data)))
  utils::write.csv(data, file.path(folder, paste0(name, ".csv")), row.names = FALSE)
  kinds <- vapply(data, kind, "")
  data.frame(set = name, column = names(data), kind = kinds, outcome = names(data) == outcome)
}

described <- Map(function(name, set) write_set(name, set[[1]], set[[2]]), names(sets), sets)
utils::write.csv(do.call(rbind, described), file.path(folder, "sets.csv"), row.names = FALSE)
