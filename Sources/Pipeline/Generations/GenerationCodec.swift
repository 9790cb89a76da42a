internal import Events
public import Models
internal import Linear

/// A generation as one stream of bytes, all numbers little-endian: what `freshet.models` carries in chunks, and what
/// `freshet models export` writes as `generation.bin`. The README of an export says it field by field.
public enum GenerationCodec {
    static let version: UInt8 = 6
    /// Where a generation has nothing of what version 6 added, programs that came before can read it.
    static let versionBefore: UInt8 = 5
    /// Version 2 had no slopes and no root of popularity, 3 no roots of the other learners; what they left out is 0. Up to
    /// 4 the number of a generation of the blend stood for its fits.
    public static let readable: ClosedRange<UInt8> = 2...version

    /// The stream: manifest fields, item identifiers, factors row by row, neighbours.
    public static func encode(_ generation: Generation) -> [UInt8] {
        let writer = ByteWriter(capacity: 1 << 20)
        let version = generation.foldIn == nil && generation.manifest.likeness == 0 ? versionBefore : version
        writer.byte(version)
        writer.varint(generation.number)
        encode(generation.manifest, to: writer)
        writer.varint(generation.items.count)
        writer.varint(generation.factors.columns)
        writer.varint(generation.neighboursPerItem)
        for item in generation.items {
            writer.varint(item.utf8.count)
            writer.text(item)
        }
        for row in 0..<generation.items.count {
            let values = UnsafeBufferPointer(start: generation.factors.row(row), count: generation.factors.columns)
            writer.raw(UnsafeRawBufferPointer(values))
        }
        generation.neighbours.withUnsafeBytes { writer.raw($0) }
        generation.neighbourWeights.withUnsafeBytes { writer.raw($0) }
        if version > versionBefore {
            writer.double(generation.manifest.likeness)
            writer.byte(generation.foldIn == nil ? 0 : 1)
            generation.foldIn?.encode(to: writer)
        }
        return Array(writer.bytes)
    }

    /// What `encode` wrote, in any version of `readable`.
    /// - Throws: `ByteReader.Malformed` for another version, and for bytes that are no generation.
    public static func decode(_ stream: UnsafeRawBufferPointer) throws -> Generation {
        var reader = ByteReader(stream)
        let version = try reader.byte()
        guard readable.contains(version) else { throw ByteReader.Malformed(offset: 0) }
        let number = try reader.count(limit: Int(Int32.max))
        var manifest = try decodeManifest(&reader, version)
        if version < 5, manifest.model == GenerationManifest.blendModel { manifest.fits = number }
        let count = try reader.count()
        let columns = try reader.count(limit: 1024)
        guard columns > 0 else { throw ByteReader.Malformed(offset: reader.offset) }
        let perItem = try reader.count(limit: 4096)
        var items: [String] = []
        items.reserveCapacity(count)
        for _ in 0..<count { items.append(String(decoding: try reader.counted(), as: UTF8.self)) }
        // Room is made for what is there only, whatever the counts say.
        let bytes = try reader.raw(count * columns * 4)
        var factors = Matrix(rows: count, columns: columns)
        let stride = factors.stride
        factors.withUnsafeMutableBase { base in
            guard let source = bytes.baseAddress else { return }
            for row in 0..<count {
                UnsafeMutableRawPointer(base + row * stride).copyMemory(
                    from: source + row * columns * 4, byteCount: columns * 4)
            }
        }
        let neighbours: [Int32] = try reader.array(count: count * perItem)
        guard neighbours.allSatisfy({ Int($0) < count }) else { throw ByteReader.Malformed(offset: reader.offset) }
        let weights: [Float] = try reader.array(count: count * perItem)
        var model: (any FoldingModel)?
        if version > versionBefore {
            manifest.likeness = try reader.finite()
            model = try reader.byte() == 0 ? nil : decodeModel(&reader, manifest.model, like: factors)
        }
        guard reader.isAtEnd else { throw ByteReader.Malformed(offset: reader.offset) }
        return Generation(
            number: number, manifest: manifest, items: items, factors: factors, foldIn: model,
            neighbours: neighbours, neighbourWeights: weights, neighboursPerItem: perItem)
    }

    /// The model that folds users in, of the algorithm that the manifest names.
    private static func decodeModel(
        _ reader: inout ByteReader, _ name: String, like factors: Matrix
    ) throws -> any FoldingModel {
        guard
            let model = try RecommenderCatalogue.find(name)?.foldingModel(decoding: &reader),
            model.itemCount == factors.rows, model.ranking.items.columns == factors.columns
        else { throw ByteReader.Malformed(offset: reader.offset) }
        return model
    }

    private static func encode(_ manifest: GenerationManifest, to writer: ByteWriter) {
        for value in [
            manifest.alpha, manifest.unobservedWeight, manifest.regularization, manifest.regularizationExponent,
        ] { writer.double(value) }
        for value in [manifest.users, manifest.interactions, manifest.events] { writer.varint(value) }
        writer.signed(manifest.latestTime)
        writer.fixed(manifest.seed)
        encode(manifest.blend, to: writer)
        writer.varint(manifest.settings.count)
        for text in [manifest.model] + manifest.settings {
            writer.varint(text.utf8.count)
            writer.text(text)
        }
        writer.varint(manifest.fits)
    }

    /// All fields of a blend.
    static func encode(_ blend: BlendSettings, to writer: ByteWriter) {
        for value in [
            blend.sequential.weight, blend.sequential.recency, blend.sequential.targetExponent,
            blend.sequential.sourceExponent, blend.neighbours.weight, blend.neighbours.recency, blend.factors.weight,
            blend.factors.shortMemory, blend.popularity.weight, blend.popularity.exponent, blend.category.weight,
            blend.category.recency, blend.sequential.slope, blend.neighbours.slope, blend.factors.slope,
            blend.popularity.slope, blend.popularity.rootWeight, blend.popularity.rootSlope, blend.category.slope,
            blend.sequential.rootWeight, blend.neighbours.rootWeight, blend.factors.rootWeight,
            blend.category.rootWeight,
        ] { writer.double(value) }
        for value in [
            blend.sequential.depth, blend.neighbours.depth, blend.popularity.column, blend.category.depth,
            blend.category.column,
        ] { writer.varint(value) }
    }

    private static func decodeManifest(_ reader: inout ByteReader, _ version: UInt8) throws -> GenerationManifest {
        var manifest = GenerationManifest()
        manifest.alpha = try reader.finite()
        manifest.unobservedWeight = try reader.finite()
        manifest.regularization = try reader.finite()
        manifest.regularizationExponent = try reader.finite()
        manifest.users = try reader.count(limit: .max)
        manifest.interactions = try reader.count(limit: .max)
        manifest.events = try reader.count(limit: .max)
        manifest.latestTime = try reader.signed()
        manifest.seed = try reader.fixed(UInt64.self)
        manifest.blend.sequential.weight = try reader.finite()
        manifest.blend.sequential.recency = try reader.finite()
        manifest.blend.sequential.targetExponent = try reader.finite()
        manifest.blend.sequential.sourceExponent = try reader.finite()
        manifest.blend.neighbours.weight = try reader.finite()
        manifest.blend.neighbours.recency = try reader.finite()
        manifest.blend.factors.weight = try reader.finite()
        manifest.blend.factors.shortMemory = try reader.finite()
        manifest.blend.popularity.weight = try reader.finite()
        manifest.blend.popularity.exponent = try reader.finite()
        manifest.blend.category.weight = try reader.finite()
        manifest.blend.category.recency = try reader.finite()
        if version >= 3 {
            manifest.blend.sequential.slope = try reader.finite()
            manifest.blend.neighbours.slope = try reader.finite()
            manifest.blend.factors.slope = try reader.finite()
            manifest.blend.popularity.slope = try reader.finite()
            manifest.blend.popularity.rootWeight = try reader.finite()
            manifest.blend.popularity.rootSlope = try reader.finite()
            manifest.blend.category.slope = try reader.finite()
        }
        if version >= 4 {
            manifest.blend.sequential.rootWeight = try reader.finite()
            manifest.blend.neighbours.rootWeight = try reader.finite()
            manifest.blend.factors.rootWeight = try reader.finite()
            manifest.blend.category.rootWeight = try reader.finite()
        }
        manifest.blend.sequential.depth = try reader.count(limit: 1000)
        manifest.blend.neighbours.depth = try reader.count(limit: 1000)
        manifest.blend.popularity.column = try reader.count(limit: 64)
        manifest.blend.category.depth = try reader.count(limit: 1000)
        manifest.blend.category.column = try reader.count(limit: 64)
        let settings = try reader.count(limit: 1000)
        manifest.model = String(decoding: try reader.counted(), as: UTF8.self)
        for _ in 0..<settings { manifest.settings.append(String(decoding: try reader.counted(), as: UTF8.self)) }
        if version >= 5 { manifest.fits = try reader.count(limit: .max) }
        return manifest
    }
}

extension ByteReader {
    /// A setting that scores are made of: one that is no number, or beyond all, would stay in the sums of a ranker for ever.
    fileprivate mutating func finite() throws -> Double {
        let value = try double()
        guard value.isFinite else { throw Malformed(offset: offset) }
        return value
    }
}
