"""SQL Server, by pyodbc: written by the book, its statements compiled in the tests. No live server was ever tried."""

from archiver.store.backends.backend import Backend


class SQLServer(Backend):
    label, dialect, driver = "SQL Server", "mssql", "pyodbc"
    example = "mssql+pyodbc://user@host/name?driver=ODBC+Driver+18+for+SQL+Server"
    install = "pyodbc"
    clock = "SELECT SYSUTCDATETIME()"
    caveat = "no live SQL Server was ever tried: try it with a copy of your archive, and tell us how it went"
    has_savepoints = False
