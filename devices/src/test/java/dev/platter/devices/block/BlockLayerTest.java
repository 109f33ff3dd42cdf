package dev.platter.devices.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A layer that changes nothing is the disk below. */
class BlockLayerTest {
  /** The checks that all disks share are made of what a layer forwards. */
  static Stream<Method> ofTheContract() {
    return Stream.of(BlockBackend.class.getMethods())
        .filter(method -> !method.getName().equals("refusal"));
  }

  @ParameterizedTest
  @MethodSource("ofTheContract")
  void eachMethodReachesTheDiskBelow(Method method) throws ReflectiveOperationException {
    List<Method> called = new ArrayList<>();
    BlockBackend below =
        (BlockBackend)
            Proxy.newProxyInstance(
                BlockBackend.class.getClassLoader(),
                new Class<?>[] {BlockBackend.class},
                (_, each, _) -> {
                  called.add(each);
                  return answer(each.getReturnType());
                });
    BlockLayer layer = new BlockLayer(below) {};
    Object result = method.invoke(layer, new Object[method.getParameterCount()]);
    assertThat(called).containsExactly(method);
    assertThat(result).isEqualTo(answer(method.getReturnType()));
  }

  private static @Nullable Object answer(Class<?> type) {
    if (type == long.class) {
      return 1L << 40;
    }
    if (type == int.class) {
      return 4096;
    }
    if (type == boolean.class) {
      return true;
    }
    return type == Optional.class ? Optional.empty() : null;
  }
}
