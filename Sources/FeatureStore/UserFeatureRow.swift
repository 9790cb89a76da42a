public import Events

/// Writes the features of a user as the JSON value of a record of `features.users`, without allocation.
public enum UserFeatureRow {
    /// - Parameters:
    ///   - categories: the favoured categories, heaviest first; `brands` likewise.
    ///   - words: the table that names them.
    ///   - vectors: left out of the row when nil.
    public static func write(
        _ features: borrowing UserFeatures, user: UnsafeRawBufferPointer, categories: UnsafeBufferPointer<Affinity>,
        brands: UnsafeBufferPointer<Affinity>, words: IdentifierTable, vectors: UserVectors?, to writer: ByteWriter
    ) {
        writer.reserve(1024)
        writer.text("{\"schema_version\":1,\"user_id\":")
        JSONText.string(user, to: writer)
        writer.text(",\"event_time\":\"")
        JSONText.time(features.time, to: writer)
        writer.text("\",\"events\":{\"last_hour\":")
        TypeCounts.write(features.windows.hour, to: writer)
        writer.text(",\"last_day\":")
        TypeCounts.write(features.windows.day, to: writer)
        writer.text(",\"last_week\":")
        TypeCounts.write(features.windows.week, to: writer)
        writer.text(",\"total\":")
        TypeCounts.write(features.totals, to: writer)
        writer.text("},\"distinct_items\":")
        JSONText.integer(Int64(features.distinctItems), to: writer)
        writeRecency(features, to: writer)
        writePrice(features, to: writer)
        writer.text(",\"categories\":[")
        write(categories, named: "{\"category_id\":", words, to: writer)
        writer.text("],\"brands\":[")
        write(brands, named: "{\"brand\":", words, to: writer)
        writer.text("],\"session\":{\"count\":")
        JSONText.integer(Int64(features.sessions), to: writer)
        writer.text(",\"events\":")
        JSONText.integer(Int64(features.sessionEvents), to: writer)
        writer.text(",\"seconds\":")
        JSONText.integer(max(0, features.time - features.sessionStart) / 1000, to: writer)
        writer.text("}")
        if let vectors { write(vectors, to: writer) }
        writer.text("}")
    }

    private static func writeRecency(_ features: borrowing UserFeatures, to writer: ByteWriter) {
        writer.text(",\"seconds_since\":{\"first_event\":")
        JSONText.integer((features.time - features.firstTime) / 1000, to: writer)
        writer.text(",\"view\":")
        writeAge(features.latest[0], features.time, to: writer)
        writer.text(",\"remove_from_cart\":")
        writeAge(features.latest[1], features.time, to: writer)
        writer.text(",\"cart\":")
        writeAge(features.latest[2], features.time, to: writer)
        writer.text(",\"purchase\":")
        writeAge(features.latest[3], features.time, to: writer)
        writer.text("}")
    }

    private static func writeAge(_ then: Int64, _ now: Int64, to writer: ByteWriter) {
        guard then >= 0 else { return writer.text("null") }
        JSONText.integer((now - then) / 1000, to: writer)
    }

    private static func writePrice(_ features: borrowing UserFeatures, to writer: ByteWriter) {
        writer.text(",\"price\":{\"mean\":")
        JSONText.decimal(features.priceMean, to: writer)
        writer.text(",\"level\":")
        JSONText.decimal(features.priceLevel, to: writer)
        writer.text("}")
    }

    private static func write(
        _ affinities: UnsafeBufferPointer<Affinity>, named name: StaticString, _ words: IdentifierTable,
        to writer: ByteWriter
    ) {
        for index in affinities.indices {
            if index > 0 { writer.text(",") }
            writer.text(name)
            JSONText.string(words.bytes(affinities[index].word), to: writer)
            writer.text(",\"share\":")
            JSONText.decimal(Double(affinities[index].share), to: writer)
            writer.text("}")
        }
    }

    private static func write(_ vectors: UserVectors, to writer: ByteWriter) {
        writer.text(",\"vectors\":{\"generation\":")
        JSONText.integer(Int64(vectors.generation), to: writer)
        writer.text(",\"long\":")
        write(vectors.long, to: writer)
        writer.text(",\"short\":")
        write(vectors.short, to: writer)
        writer.text("}")
    }

    private static func write(_ vector: [Float], to writer: ByteWriter) {
        writer.text("[")
        for index in vector.indices {
            if index > 0 { writer.text(",") }
            JSONText.decimal(Double(vector[index]), to: writer)
        }
        writer.text("]")
    }
}
