import Foundation
import Pipeline
import Testing

@testable import freshet

extension ProgramTests {
    /// Workers and trainers as instances of their own.
    @Suite struct RoleTests {
        @Test func aTrainerServesWorkersThatDoNotTrain() throws {
            let shop = try ProgramShop([
                "FRESHET_TRAINING_ENABLED": "true", "FRESHET_TRAINING_FACTORS": "8",
                "FRESHET_TRAINING_FIRST_EVENTS": "1000",
            ])
            let worker = try shop.with(["FRESHET_INSTANCE_ROLES": "worker"]).program.start(["serve"])
            let port = try LoopbackHTTP.freePort()
            let trainer = try shop.with(["FRESHET_INSTANCE_ROLES": "trainer"]).program
                .start(["serve", "--http", "127.0.0.1:\(port)"])
            try shop.send(1500, from: 0)
            try shop.waitForCommit(1500)
            try shop.wait("the trainer trains") { trainer.log.contains("a generation was trained") }
            var sent = 1500
            try shop.wait("lists of the first generation") {
                try shop.send(50, from: sent)
                sent += 50
                return try shop.records("recommendations").contains { record in
                    record.value?.withUnsafeBytes { ListScanner.scan($0)?.provenance.generation } == 1
                }
            }
            #expect(!worker.log.contains("this instance leads") && trainer.log.contains("this instance leads"))
            let metrics = LoopbackHTTP.get("/metrics", port: port) ?? ""
            #expect(metrics.contains("freshet_leader 1") && metrics.contains("freshet_generations_promoted_total 1"))
            #expect(LoopbackHTTP.get("/ready", port: port)?.hasPrefix("HTTP/1.1 200") == true)
            #expect(LoopbackHTTP.get("/recommendations/u3", port: port)?.hasPrefix("HTTP/1.1 503") == true)

            // Workers go on without one.
            trainer.kill()
            _ = try trainer.wait()
            try shop.send(100, from: sent)
            try shop.waitForCommit(Int64(sent + 100))
            try shop.stop(worker)
            #expect(try shop.check(["replay", "--verify"]).output.contains("identical"))
        }

        /// Its table would be written over the rebuilt one.
        @Test func aReplayDoesNotWriteBesideATrainer() throws {
            let shop = try ProgramShop([:])
            try shop.send(50, from: 0)
            let trainer = try shop.with(["FRESHET_INSTANCE_ROLES": "trainer"]).program.start(["serve"])
            try shop.wait("the trainer leads") { trainer.log.contains("this instance leads") }
            let refused = try shop.program.run(["replay"])
            #expect(refused.status != 0 && refused.log.contains(".items has 1 member at work"), "\(refused.log)")
            try shop.stop(trainer)
            try shop.check(["replay"])
            #expect(try shop.check(["replay", "--verify"]).output.contains("identical"))
        }

        @Test func wrongRolesAreRefused() throws {
            let program = Program(environment: ["KAFKA_BOOTSTRAP": "127.0.0.1:1"])
            let unknown = try program.run(["serve", "--set", "instance.roles=leader"])
            #expect(unknown.status == 78 && unknown.log.contains("'leader' is no role"))
            let none = try program.run(["serve", "--set", "instance.roles=,"])
            #expect(none.status == 78)
            let idle = try program.run(["serve", "--stop-at-end", "--set", "instance.roles=trainer"])
            #expect(idle.status == 64 && idle.log.contains("--stop-at-end"))
        }
    }
}
