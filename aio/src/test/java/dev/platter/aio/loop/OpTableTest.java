package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OpTableTest {
  @Test
  void findsWhatIsInFlightAndNothingElse() {
    OpTable table = new OpTable(2);
    TestOp first = TestOp.nop();
    TestOp second = TestOp.nop();
    long one = table.insert(first);
    assertThat(table.find(one)).isSameAs(first);
    assertThat(table.userDataOf(first)).isEqualTo(one);
    table.remove(first);
    assertThat(first.inFlight()).isFalse();
    assertThat(table.find(one)).isNull();
    long two = table.insert(second);
    assertThat(two).as("the same place, another generation").isNotEqualTo(one);
    assertThat(table.find(one)).isNull();
    assertThat(table.find(two)).isSameAs(second);
    assertThat(table.find(-1)).isNull();
    assertThat(table.find(1000)).isNull();
    assertThat(table.inFlight()).isEqualTo(1);
  }

  @Test
  void agreesWithAMapThroughRandomOperationsAndNeverRepeatsAUserData() {
    Random random = new Random(3);
    OpTable table = new OpTable(2);
    Map<Long, RingOp> model = new HashMap<>();
    Set<Long> used = new HashSet<>();
    List<Long> inFlight = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      if (inFlight.isEmpty() || (random.nextBoolean() && inFlight.size() < 500)) {
        RingOp op = TestOp.nop();
        long userData = table.insert(op);
        assertThat(used.add(userData)).isTrue();
        model.put(userData, op);
        inFlight.add(userData);
      } else {
        long userData = inFlight.remove(random.nextInt(inFlight.size()));
        RingOp op = table.find(userData);
        assertThat(op).isNotNull().isSameAs(model.remove(userData));
        if (op != null) {
          table.remove(op);
        }
        assertThat(table.find(userData)).isNull();
      }
      assertThat(table.inFlight()).isEqualTo(model.size());
    }
  }
}
