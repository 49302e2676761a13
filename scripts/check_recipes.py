"""Have rattler-build read the conda recipes: it refuses what it does not understand.

Nothing is built, since that takes the packages of conda-forge.
"""

from pathlib import Path

from rattler_build import Stage0Recipe, VariantConfig

CONDA = Path(__file__).resolve().parent.parent / "conda"


def main() -> None:
    """Render each recipe; print the package that it makes."""
    variants = VariantConfig.from_file(str(CONDA / "variants.yaml"))
    for recipe in sorted(CONDA.glob("*/recipe.yaml")):
        for rendered in Stage0Recipe.from_file(str(recipe)).render(variants):
            package = rendered.recipe.package
            print(f"{recipe.parent.name}: {package.name} {package.version}")


if __name__ == "__main__":
    main()
