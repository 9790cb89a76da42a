internal import Events

/// Writes a number for each type of event.
enum TypeCounts {
    static func write(_ counts: SIMD4<UInt32>, to writer: ByteWriter) {
        writer.text("{\"view\":")
        JSONText.integer(Int64(counts[0]), to: writer)
        writer.text(",\"remove_from_cart\":")
        JSONText.integer(Int64(counts[1]), to: writer)
        writer.text(",\"cart\":")
        JSONText.integer(Int64(counts[2]), to: writer)
        writer.text(",\"purchase\":")
        JSONText.integer(Int64(counts[3]), to: writer)
        writer.text("}")
    }

    static func write(_ rates: SIMD4<Double>, to writer: ByteWriter) {
        writer.text("{\"view\":")
        JSONText.decimal(rates[0], to: writer)
        writer.text(",\"remove_from_cart\":")
        JSONText.decimal(rates[1], to: writer)
        writer.text(",\"cart\":")
        JSONText.decimal(rates[2], to: writer)
        writer.text(",\"purchase\":")
        JSONText.decimal(rates[3], to: writer)
        writer.text("}")
    }
}
