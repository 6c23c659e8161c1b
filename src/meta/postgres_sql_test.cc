#include "meta/postgres_sql.h"

#include <gtest/gtest.h>

namespace clary::meta {
namespace {

TEST(PostgresSql, ParametersAreNumbered) {
  EXPECT_EQ(postgres_statement("a = ?1 AND b = ?12"), "a = $1 AND b = $12");
  EXPECT_EQ(postgres_statement("a = ? AND (b, c) < (?, ?)"), "a = $1 AND (b, c) < ($2, $3)");
}

TEST(PostgresSql, TablesKeepTheirMeaning) {
  EXPECT_EQ(
      postgres_script("CREATE TABLE t (\n  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
                      "  n INTEGER NOT NULL,\n  text TEXT NOT NULL DEFAULT ''\n) WITHOUT ROWID;"),
      "CREATE TABLE t (\n  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
      "  n BIGINT NOT NULL,\n  text TEXT COLLATE \"C\" NOT NULL DEFAULT ''\n);");
}

TEST(PostgresSql, UrlsAreShownWithoutSecrets) {
  EXPECT_EQ(shown_url("postgresql://me:pa:ss@h:5/db?passfile=x"), "postgresql://me@h:5/db");
  EXPECT_EQ(shown_url("postgresql://me:p?w@h/db"), "postgresql://me@h/db");
  EXPECT_EQ(shown_url("postgresql://me:p/w@h/db"), "postgresql://me@h/db");
  EXPECT_EQ(shown_url("postgresql://me:p@w@h/db"), "postgresql://me@h/db");
  EXPECT_EQ(shown_url("postgresql://me@h/db"), "postgresql://me@h/db");
  EXPECT_EQ(shown_url("postgresql:///db?password=x"), "postgresql:///db");
  EXPECT_EQ(without_password("bad \"postgresql://me:pw@h\": pw", "postgresql://me:pw@h"),
            "bad \"postgresql://me@h\": ***");
}

}  // namespace
}  // namespace clary::meta
