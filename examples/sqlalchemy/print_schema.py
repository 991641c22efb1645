# Prints the statements that create the tables, without a database.
from sqlalchemy import create_mock_engine

from models import Base


def show(statement, *_args, **_options):
    print(f"{str(statement.compile(dialect=engine.dialect)).strip()};\n")


engine = create_mock_engine("postgresql+psycopg2://", show)
Base.metadata.create_all(engine, checkfirst=False)
