import Foundation
import Linear
import Models
import Pipeline
import ServiceKit
import Testing

@testable import freshet

/// A generation as files, and back.
@Suite struct GenerationImportTests {
    private static func generation(weight: Float = 0.5, items: [String] = ["a", "b"]) -> Generation {
        var manifest = GenerationManifest()
        (manifest.blend.sequential.weight, manifest.blend.popularity.column, manifest.fits) = (1.25, 1, 3)
        (manifest.latestTime, manifest.settings) = (1_700_000_000_000, ["factors=2"])
        return Generation(
            number: 7, manifest: manifest, items: items, factors: Matrix([[1, 2], [3, 4]]), neighbours: [1, 0],
            neighbourWeights: [weight, 0.25], neighboursPerItem: 1)
    }

    private func data(_ generation: Generation) throws -> Data {
        let files = try GenerationExport.files(generation)
        return Data(try #require(files.first { $0.name == "generation.bin" }).bytes)
    }

    @Test func whatIsExportedComesBackWhole() throws {
        let before = Self.generation()
        let again = try GenerationImport.generation(try data(before), name: "g.bin")
        #expect(again.manifest == before.manifest && again.items == before.items)
        #expect(again.factors[1, 0] == 3 && again.neighbours == [1, 0] && again.neighbourWeights == [0.5, 0.25])
        #expect(GenerationCodec.encode(again) == GenerationCodec.encode(before))
    }

    /// What instances could not read must not get to them: it would end each one, at each start.
    @Test func aCandidateThatNobodyCanReadIsNotPublished() throws {
        var manifest = Self.generation().manifest
        try GenerationImport.check(Self.generation())
        manifest.regularization = .infinity
        let failure = #expect(throws: CommandFailure.self) {
            try GenerationImport.check(Self.generation().with(manifest: manifest))
        }
        #expect(failure?.exitCode == 65)
    }

    private func message(_ data: Data) -> String {
        let failure = #expect(throws: CommandFailure.self) { try GenerationImport.generation(data, name: "g.bin") }
        #expect(failure?.exitCode == 65)
        return failure?.message ?? ""
    }

    @Test func whatIsNoGenerationIsRefused() throws {
        let whole = try data(Self.generation())
        for end in 1..<whole.count { #expect(message(whole.prefix(end)).contains("malformed"), "\(end)") }
        for first in [UInt8(0), 1, 7, 0x93] {
            #expect(message(Data([first]) + whole.dropFirst()).contains("versions 2 to 6"))
        }
        #expect(message(Data()).contains("no generation.bin"))
        #expect(message(try data(Self.generation(weight: .infinity))).contains("not finite"))
        #expect(message(try data(Self.generation(items: ["a", "a"]))).contains("twice"))
        #expect(message(whole + [0]).contains("malformed"))
    }
}
