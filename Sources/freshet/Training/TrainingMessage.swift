import Events
import Models
import Pipeline
import ServiceKit

/// What a service and its training process tell each other. Both are of one build, so there are no versions.
enum TrainingMessage {
    /// To the process: what to train.
    case job(TrainingJob)
    /// The share that is done.
    case progress(Double)
    case outcome(TrainingJob.Outcome)
    /// What went wrong.
    case failure(String)

    private enum Kind: UInt8 {
        case job, progress, trained, refused, failure
    }

    struct Malformed: Error, CustomStringConvertible {
        var description: String { "a service and its training process do not understand each other" }
    }

    var bytes: (kind: UInt8, content: [UInt8]) {
        let writer = ByteWriter()
        let kind = write(to: writer)
        return (kind.rawValue, Array(writer.bytes))
    }

    private func write(to writer: ByteWriter) -> Kind {
        switch self {
        case .job(let job):
            let overrides = job.deployment.configuration.overrides
            writer.counted(Array(job.deployment.bootstrap.utf8))
            writer.varint(overrides.count)
            for override in overrides {
                writer.counted(Array(override.key.utf8))
                writer.counted(Array(override.text.utf8))
            }
            job.descriptions.encode(to: writer)
            writer.byte(job.serving == nil ? 0 : 1)
            if let serving = job.serving { writer.counted(GenerationCodec.encode(serving)) }
            return .job
        case .progress(let share):
            writer.double(share)
            return .progress
        case .outcome(.trained(let generation, let decision, let size)):
            writer.varint(size.users)
            writer.varint(size.items)
            writer.counted(GenerationDecisionCodec.encode(decision))
            writer.counted(GenerationCodec.encode(generation))
            return .trained
        case .outcome(.refused(let why)):
            writer.counted(Array(why.utf8))
            return .refused
        case .failure(let message):
            writer.counted(Array(message.utf8))
            return .failure
        }
    }

    init(kind: UInt8, content: [UInt8]) throws {
        self = try content.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            switch Kind(rawValue: kind) {
            case .job: return .job(try Self.job(&reader))
            case .progress: return .progress(try reader.double())
            case .trained:
                let size = TrainingJob.Size(users: try reader.count(limit: .max), items: try reader.count(limit: .max))
                let decision = try GenerationDecisionCodec.decode(try reader.counted())
                return .outcome(.trained(try GenerationCodec.decode(try reader.counted()), decision, size))
            case .refused: return .outcome(.refused(try reader.countedText()))
            case .failure: return .failure(try reader.countedText())
            case nil: throw Malformed()
            }
        }
    }

    private static func job(_ reader: inout ByteReader) throws -> TrainingJob {
        let bootstrap = try reader.countedText()
        var overrides: [Override] = []
        for _ in 0..<(try reader.count()) {
            overrides.append(Override(key: try reader.countedText(), text: try reader.countedText()))
        }
        let deployment = Deployment(
            configuration: try Settings.table.load(overrides: overrides), bootstrap: bootstrap)
        let descriptions = try ItemDescriptions(&reader)
        let serving = try reader.byte() == 0 ? nil : try GenerationCodec.decode(try reader.counted())
        return TrainingJob(deployment: deployment, serving: serving, descriptions: descriptions)
    }
}

extension ByteWriter {
    fileprivate func counted(_ bytes: [UInt8]) { bytes.withUnsafeBytes { counted($0) } }
}

extension ByteReader {
    fileprivate mutating func countedText() throws -> String { String(decoding: try counted(), as: UTF8.self) }
}
