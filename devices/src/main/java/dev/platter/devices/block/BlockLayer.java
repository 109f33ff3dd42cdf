package dev.platter.devices.block;

import dev.platter.devices.block.meter.BlockMeter;
import dev.platter.devices.block.meter.HostFigures;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * A backend over another: forwards everything, so that a layer overrides only what it changes. A
 * layer that hands requests on unchanged passes {@link #submit} through and owns none of them; it
 * is closed in place of the disk below, which it closes.
 *
 * <p>A layer costs one more virtual call for a request.
 */
public abstract class BlockLayer implements BlockBackend {
  private final BlockBackend below;

  /** Makes a layer over {@code below}, which the layer closes in the end. */
  protected BlockLayer(BlockBackend below) {
    this.below = below;
  }

  /** The disk below the layer. */
  protected final BlockBackend below() {
    return below;
  }

  @Override
  public long sizeBytes() {
    return below.sizeBytes();
  }

  @Override
  public int blockSizeBytes() {
    return below.blockSizeBytes();
  }

  @Override
  public int physicalBlockSizeBytes() {
    return below.physicalBlockSizeBytes();
  }

  @Override
  public boolean readOnly() {
    return below.readOnly();
  }

  @Override
  public boolean writeCache() {
    return below.writeCache();
  }

  @Override
  public void addResizeListener(LongConsumer listener) {
    below.addResizeListener(listener);
  }

  @Override
  public void removeResizeListener(LongConsumer listener) {
    below.removeResizeListener(listener);
  }

  @Override
  public Optional<Resizable> resizable() {
    return below.resizable();
  }

  @Override
  public void submit(BlockRequest request) {
    below.submit(request);
  }

  @Override
  public void cutShort(BlockRequest request) {
    below.cutShort(request);
  }

  @Override
  public int sync() {
    return below.sync();
  }

  @Override
  public DiskDescription description() {
    return below.description();
  }

  @Override
  public BlockMeter meter() {
    return below.meter();
  }

  @Override
  public HostFigures hostFigures() {
    return below.hostFigures();
  }

  @Override
  public void addListener(BlockListener listener) {
    below.addListener(listener);
  }

  @Override
  public void removeListener(BlockListener listener) {
    below.removeListener(listener);
  }

  @Override
  public void close() {
    below.close();
  }
}
