import Foundation
import Kafka
import Linear
import Models
import Pipeline
import ServiceKit
import Testing

@testable import freshet

@Suite struct TrainingMessageTests {
    private static let generation: Generation = {
        var factors = Matrix(rows: 3, columns: 2)
        factors.withUnsafeMutableBase { base in for index in 0..<6 { base[index] = Float(index) * 0.37 } }
        var manifest = GenerationManifest()
        manifest.latestTime = 1_700_000_000_000
        manifest.settings = ["factors=2"]
        return Generation(
            number: 9, manifest: manifest, items: ["a", "ü", "c"], factors: factors, neighbours: [1, 2, 0],
            neighbourWeights: [0.5, 0.25, 1], neighboursPerItem: 1)
    }()

    /// The process has the service's configuration, secrets included, and its generation to the bit.
    @Test func theJobArrivesAsItWasSent() throws {
        let given = [
            Override(key: "application.id", text: "shop"), Override(key: "training.factors", text: "16"),
            Override(key: "kafka.sasl.password", text: "p=ä,ß"),
            Override(key: "ingest.aliases", text: "seen=view,got=purchase"),
        ]
        let deployment = Deployment(
            configuration: try Settings.table.load(overrides: given), bootstrap: "one:1,two:2")
        for serving in [nil, Self.generation] {
            let job = TrainingJob(deployment: deployment, serving: serving, descriptions: ItemDescriptions())
            let (kind, content) = TrainingMessage.job(job).bytes
            guard case .job(let arrived) = try TrainingMessage(kind: kind, content: content) else {
                Issue.record("another message came")
                return
            }
            #expect(arrived.deployment.bootstrap == "one:1,two:2")
            #expect(arrived.deployment.configuration.string("application.id") == "shop")
            #expect(arrived.deployment.configuration.int("training.factors") == 16)
            #expect(arrived.deployment.client["sasl.password"] == "p=ä,ß")
            let workers = try (arrived.deployment.workerSettings(), deployment.workerSettings())
            #expect(workers.0.fingerprint == workers.1.fingerprint)
            #expect(arrived.deployment.configuration.list("ingest.aliases") == ["seen=view", "got=purchase"])
            #expect(arrived.serving.map(GenerationCodec.encode) == serving.map(GenerationCodec.encode))
        }
    }

    @Test func outcomesArriveAsTheyWereSent() throws {
        let decision = GenerationDecision(isPromoted: true, reason: .notWorse)
        let messages: [TrainingMessage] = [
            .progress(0.125), .outcome(.refused("too few items")), .failure("no broker"),
            .outcome(.trained(Self.generation, decision, TrainingJob.Size(users: 5, items: 3))),
        ]
        for message in messages {
            let (kind, content) = message.bytes
            let again = try TrainingMessage(kind: kind, content: content).bytes
            #expect(again.kind == kind && again.content == content)
        }
        #expect(throws: (any Error).self) { try TrainingMessage(kind: 99, content: []) }
        let (kind, content) = messages[3].bytes
        #expect(throws: (any Error).self) { try TrainingMessage(kind: kind, content: Array(content.dropLast(1))) }
    }
}

@Suite struct StillnessTests {
    @Test func isToldOnceAndNotBeforeItsTime() {
        let start = ContinuousClock.now
        var stillness = TrainingProcess.Stillness(since: start)
        let news = [0, 299, 301, 302].map { stillness.isNews(at: start + .seconds($0)) }
        #expect(news == [false, false, true, false])
    }
}

extension ProgramTests {
    /// The training beside a service, as a process of its own.
    @Suite struct TrainingProcessTests {
        /// So many factors that the training is still under way when the test gets to it.
        private static let slow = [
            "FRESHET_TRAINING_ENABLED": "true", "FRESHET_TRAINING_FACTORS": "1024",
            "FRESHET_TRAINING_FIRST_EVENTS": "1000", "FRESHET_TRAINING_INTERVAL": "1s",
        ]

        private static func trainings(of service: Program.Running) -> [pid_t] {
            let pid = service.processIdentifier
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
            return threads.flatMap { thread in
                let list = try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/children", encoding: .utf8)
                return (list ?? "").split(separator: " ").compactMap { pid_t($0) }
            }
        }

        private static func isAlive(_ pid: pid_t) -> Bool {
            // The name of a process that nobody has waited for is still there, but not its memory.
            let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
            let state = (text.split(separator: ")").last ?? "").split(separator: " ").first
            return state != nil && state != "Z"
        }

        private static func training(_ shop: ProgramShop, _ service: Program.Running) throws -> pid_t {
            try shop.wait("a training") { !trainings(of: service).isEmpty }
            return try #require(trainings(of: service).first)
        }

        /// Out of memory, or killed by hand: the service goes on, and trains again.
        @Test func aServiceOutlivesItsTraining() throws {
            let shop = try ProgramShop(Self.slow)
            let service = try shop.program.start(["serve"])
            try shop.send(1500, from: 0)
            let training = try Self.training(shop, service)
            kill(training, SIGKILL)
            try shop.wait("word of it") { service.log.contains("training failed and will be tried again") }
            #expect(service.log.contains("signal 9"), "\(service.log)")
            try shop.send(100, from: 1500)
            try shop.waitForCommit(1600)
            #expect(try Self.training(shop, service) != training)
            let began = Date()
            try shop.stop(service)
            #expect(Date().timeIntervalSince(began) < 5)
        }

        /// What the child finds wrong is said by the service, which goes on; what it trains is served.
        @Test(arguments: ["ease:items-max=3", "ease"]) func whatTheTrainingSaysIsTheServices(model: String) throws {
            let shop = try ProgramShop([
                "FRESHET_TRAINING_ENABLED": "true", "FRESHET_TRAINING_MODEL": model,
                "FRESHET_TRAINING_FIRST_EVENTS": "1000", "FRESHET_TRAINING_INTERVAL": "1s",
            ])
            let service = try shop.program.start(["serve"])
            try shop.send(1500, from: 0)
            let isRefused = model != "ease"
            try shop.wait("what came of it") {
                service.log.contains(isRefused ? "training.model cannot be trained here" : "a generation was trained")
            }
            #expect(service.log.contains("takes at most 3: raise items-max") == isRefused, "\(service.log)")
            try shop.send(100, from: 1500)
            try shop.waitForCommit(1600)
            try shop.wait("the list of models") {
                try shop.check(["models", "list"]).output.contains("ease") != isRefused
            }
            try shop.stop(service)
        }

        /// A training whose service is gone ends: nobody waits for it.
        @Test func aTrainingEndsWithItsService() throws {
            let shop = try ProgramShop(Self.slow)
            let service = try shop.program.start(["serve"])
            try shop.send(1500, from: 0)
            let training = try Self.training(shop, service)
            // In a session of its own, behind all others, and the first to go.
            func text(_ file: String) -> String? {
                try? String(contentsOfFile: "/proc/\(training)/\(file)", encoding: .utf8)
            }
            try shop.wait("it stands back") {
                getsid(training) == training && sched_getscheduler(training) == 5
                    && text("oom_score_adj") == "1000\n" && text("autogroup")?.hasSuffix("nice 19\n") ?? true
            }
            service.kill()
            _ = try service.wait()
            try shop.wait("its end") { !Self.isAlive(training) }
        }

        @Test func itIsNoCommandForPeople() throws {
            let outcome = try Program(environment: [:]).run(["train-beside"])
            #expect(outcome.status == 64)
            #expect(outcome.log.contains("use `freshet train`"), "\(outcome.log)")
            #expect(try !Program(environment: [:]).run(["--help"]).output.contains("train-beside"))
        }
    }
}
