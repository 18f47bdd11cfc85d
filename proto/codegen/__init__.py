"""Makes everything under gen/ and the TypeScript API from the contract: run `python -m codegen` in proto/."""
