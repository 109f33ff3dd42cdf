package dev.platter.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.jr.ob.JSON;

/** The queries of the shipped Grafana dashboard, as Grafana would send them. */
final class DashboardQueries {
  private static final Path DASHBOARD =
      Path.of("../emulator/deploy/grafana/platter-dashboard.json");

  /**
   * What a server need not have that works well, on a host with plenty, and has not collected yet.
   */
  private static final Pattern MAY_BE_EMPTY =
      Pattern.compile("_errors_total|_stalls_total|_sq_full_total|jvm_gc_pause");

  private DashboardQueries() {}

  /**
   * A query.
   *
   * @param panel the title of its panel
   * @param expression PromQL, without variables
   */
  record Query(String panel, String expression) {
    /** Whether it gives something when an instance is under load. */
    boolean hasDataUnderLoad() {
      return !MAY_BE_EMPTY.matcher(expression).find();
    }
  }

  /** All of them, for all instances and exports. */
  static List<Query> all() throws IOException {
    List<Query> queries = new ArrayList<>();
    collect(JSON.std.mapFrom(Files.readString(DASHBOARD)), "", queries);
    return queries;
  }

  private static void collect(Object node, String title, List<Query> queries) {
    if (node instanceof Map<?, ?> map) {
      String own = map.get("title") instanceof String text ? text : title;
      if (map.get("expr") instanceof String expression) {
        queries.add(new Query(own, withoutVariables(expression)));
      }
      map.values().forEach(value -> collect(value, own, queries));
    } else if (node instanceof List<?> list) {
      list.forEach(value -> collect(value, title, queries));
    }
  }

  private static String withoutVariables(String expression) {
    return expression
        .replace("$__rate_interval", "30s")
        .replace("$instance", ".*")
        .replace("$export", ".*");
  }
}
