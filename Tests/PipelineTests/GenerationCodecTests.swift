import Events
import Glibc
import Linear
import Models
import Testing

@testable import Pipeline

@Suite struct GenerationCodecTests {
    private static var generation: Generation {
        var manifest = GenerationManifest()
        (manifest.blend.sequential.rootWeight, manifest.blend.neighbours.rootWeight) = (0.1, 0.2)
        (manifest.blend.factors.rootWeight, manifest.blend.category.rootWeight) = (0.3, -0.4)
        (manifest.blend.sequential.slope, manifest.blend.popularity.rootWeight) = (0.5, 0.6)
        (manifest.fits, manifest.settings) = (3, ["factors=1"])
        return Generation(
            number: 7, manifest: manifest, items: ["a", "b"], factors: Matrix([[1], [2]]), neighbours: [],
            neighbourWeights: [], neighboursPerItem: 0)
    }

    private func decode(_ stream: [UInt8]) throws -> Generation {
        try stream.withUnsafeBytes { try GenerationCodec.decode($0) }
    }

    @Test func manifestsComeBack() throws {
        let decoded = try decode(GenerationCodec.encode(Self.generation))
        #expect(decoded.manifest == Self.generation.manifest && decoded.items == ["a", "b"])
    }

    /// What version 6 added is written only where it is there, so that programs before it can read the rest.
    @Test func modelsAndLikenessComeBack() throws {
        #expect(GenerationCodec.encode(Self.generation).first == 5)
        var manifest = Self.generation.manifest
        manifest.likeness = 0.8
        let mixed = Self.generation.with(manifest: manifest)
        #expect(GenerationCodec.encode(mixed).first == 6)
        #expect(try decode(GenerationCodec.encode(mixed)).manifest == manifest)

        let identifiers = IdentifierTable()
        var builder = TrainingHistories.Builder()
        for user in 0..<8 {
            for step in 0..<3 {
                builder.append(identifiers.intern("item-\((user + step) % 7)"), rating: 1, time: Int64(step))
            }
            builder.endUser()
        }
        var learner = BayesianPersonalizedRanking()
        (learner.factors, learner.epochs) = (4, 2)
        var settings = TrainingSettings()
        settings.isFitted = false
        let trained = try #require(
            GenerationRecipe.recommender(learner, settings).train(
                builder.build(identifiers), earlier: nil, blend: BlendSettings()))
        let stream = GenerationCodec.encode(trained)
        let decoded = try decode(stream)
        let user = UserHistory(items: [1, 2], ratings: [1, 1])
        let (model, again) = (try #require(trained.foldIn), try #require(decoded.foldIn))
        #expect(model.recommend([user], count: 3) == again.recommend([user], count: 3))
        #expect(GenerationCodec.encode(decoded) == stream)
        // A model that does not fit the items, or of an algorithm that has none, is refused.
        #expect(throws: ByteReader.Malformed.self) { try decode(stream.dropLast(4) + []) }
        manifest.model = "ease"
        #expect(throws: ByteReader.Malformed.self) {
            try decode(GenerationCodec.encode(trained.with(manifest: manifest)))
        }
    }

    /// Every number of the manifest, in its place in the stream: 4 of the projection, then, behind 4 small integers and the
    /// seed, 23 of the blend.
    @Test(arguments: [Double.nan, .infinity, -.infinity]) func settingsThatAreNoNumbersAreRefused(value: Double) throws
    {
        let whole = GenerationCodec.encode(Self.generation)
        let places = (0..<4).map { 2 + $0 * 8 } + (0..<23).map { 2 + 4 * 8 + 4 + 8 + $0 * 8 }
        for place in places {
            var stream = whole
            stream.replaceSubrange(place..<(place + 8), with: withUnsafeBytes(of: value.bitPattern) { Array($0) })
            #expect(throws: ByteReader.Malformed.self, "at \(place)") { try decode(stream) }
        }
    }

    /// Counts that promise more than there is make no room for it: here half a million items of 1,024 factors would take 2 GB.
    @Test func nothingIsMadeOfWhatIsNotThere() throws {
        let count = 1 << 19
        let writer = ByteWriter()
        let one = GenerationCodec.encode(Self.generation)
        let sizes: [UInt8] = [2, 1, 0, 1, UInt8(ascii: "a"), 1, UInt8(ascii: "b")]
        let start = try #require(one.indices.first { one[$0...].starts(with: sizes) })
        one[..<start].withUnsafeBytes { writer.raw($0) }
        for value in [count, 1024, 0] { writer.varint(value) }
        for _ in 0..<count { writer.varint(0) }
        let before = Self.peakKilobytes()
        #expect(throws: ByteReader.Malformed.self) { try decode(Array(writer.bytes)) }
        // Other tests run beside this one, but take far less.
        #expect(Self.peakKilobytes() - before < 1_000_000)
    }

    /// The most memory that the process ever had.
    private static func peakKilobytes() -> Int {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss
    }

    /// What an earlier program published: the fits, which the number stood for, are missing, then the roots of the shares,
    /// then the slopes too.
    @Test func earlierVersionsAreRead() throws {
        // Version, number, 4 numbers, 4 small integers, the seed, 12 weights; then 7 and 4 numbers.
        let slopes = 2 + 4 * 8 + 4 + 8 + 12 * 8
        let roots = slopes + 7 * 8
        var stream = GenerationCodec.encode(Self.generation)
        // 5 small integers, the number of settings, `blend` and a setting with their lengths.
        stream.remove(at: roots + 4 * 8 + 5 + 1 + 6 + 10)
        stream[0] = 4
        var manifest = Self.generation.manifest
        manifest.fits = 7
        #expect(try decode(stream).manifest == manifest)
        stream.removeSubrange(roots..<(roots + 4 * 8))
        stream[0] = 3
        (manifest.blend.sequential.rootWeight, manifest.blend.neighbours.rootWeight) = (0, 0)
        (manifest.blend.factors.rootWeight, manifest.blend.category.rootWeight) = (0, 0)
        #expect(try decode(stream).manifest == manifest)
        stream.removeSubrange(slopes..<roots)
        stream[0] = 2
        (manifest.blend.sequential.slope, manifest.blend.popularity.rootWeight) = (0, 0)
        #expect(try decode(stream).manifest == manifest)
        stream[0] = GenerationCodec.version + 1
        #expect(throws: (any Error).self) { try decode(stream) }
    }
}
