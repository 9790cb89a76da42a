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
