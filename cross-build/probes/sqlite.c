/* Whether the static SQLite of the sysroot links and works: a database in memory, in the words the journal uses. */
#include <gnu/libc-version.h>
#include <sqlite3.h>
#include <stdio.h>

int main(void)
{
    sqlite3 *db;
    char *problem = NULL;
    int result = sqlite3_open(":memory:", &db);
    if (result == SQLITE_OK)
        result = sqlite3_exec(db, "CREATE TABLE t(a INTEGER, b TEXT, PRIMARY KEY(a, b)) WITHOUT ROWID; INSERT INTO t VALUES(1, 'x');", NULL, NULL, &problem);
    if (result != SQLITE_OK) {
        fprintf(stderr, "sqlite: %s\n", problem ? problem : sqlite3_errstr(result));
        return 1;
    }
    printf("SQLite %s, glibc %s\n", sqlite3_libversion(), gnu_get_libc_version());
    return 0;
}
