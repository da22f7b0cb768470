import ContractRuntime
import EveryFeature
import TestSupport
import Testing

/// The generated client against the generated server: each reads the messages of the other.
@Suite struct ClientServerTests {
    private let client = Client(InProcess(service: Service()))

    private static func uuid(_ text: String) throws -> UUID { try UUID(json: Array("\"\(text)\"".utf8)) }

    @Test func `path parameters are sent and read in every style`() async throws {
        let input = ReadPath.Input(
            simple: "a b/c",
            list: [1, 2, 3],
            label: ["x", "y.z%"],
            matrix: .init(x: 7, y: true),
            object: ["k": "v,w", "ö": "="],
            file: try Self.uuid("6f1c0a52-7c1b-4b0e-8f43-0d2c9a7b5e10")
        )
        #expect(
            input.request.path
                == "/path/a%20b%2Fc/1,2,3/.x.y.z%25/;x=7;y=true/k,v%2Cw,%C3%B6,%3D/6f1c0a52-7c1b-4b0e-8f43-0d2c9a7b5e10.json"
        )
        // The separator of a label is also a dot inside an item, so 'y.z%' arrives as two items.
        let expected = #"a b/c [1, 2, 3] ["x", "y", "z%"] 7,true ["k=v,w", "ö=="] 6f1c0a52-7c1b-4b0e-8f43-0d2c9a7b5e10"#
        guard case .ok(let text) = try await client.readPath(input) else { throw UnexpectedOutput() }
        #expect(text == expected)
    }

    @Test func `query parameters are sent and read in every style`() async throws {
        let filter = Filter(name: "n&=", minimum: 3, tags: ["a", "b"])
        let input = ReadQuery.Input(
            exploded: ["a", "b,c"],
            joined: [1, 2],
            spaces: ["x", "y"],
            pipes: ["p", "q"],
            deep: filter,
            loose: .init(red: 1, green: 2),
            json: filter,
            since: Timestamp("2026-03-01T09:30:00Z"),
            day: CalendarDate("2026-03-01"),
            price: Decimal("0.10"),
            mail: "a@example.com",
            order: .down,
            either: .integer(5)
        )
        let json = #"{"name":"n&=","minimum":3,"tags":["a","b"],"effort":"none"}"#
        let expected =
            #"["a", "b,c"] | [1, 2] | ["x", "y"] | ["p", "q"] | \#(json) | {"red":1,"green":2} | \#(json) | 20 | "#
            + "2026-03-01T09:30:00Z | 2026-03-01 | 0.1 | a@example.com | down | 5"
        guard case .ok(let text) = try await client.readQuery(input) else { throw UnexpectedOutput() }
        #expect(text == expected)
    }

    @Test func `an output has the body of its response, and an input knows its operation`() async throws {
        let expected = "- | - | - | - | - | - | - | 7 | - | - | - | - | - | -"
        #expect(try await client.readQuery(.init(limit: 7)).body == expected)
        #expect(try await Service().readQuery(.init(limit: 7)).body == expected)
        let drawing = Drawing(shape: .circle(Circle(kind: .circle, radius: 2)), title: "dot")
        #expect(try await client.sendShape(.init(body: drawing)).body.title == "dot")
        #expect(ReadQuery.Input.route == .readQuery)
        #expect(SendShape.Input.route == .sendShape)
    }

    @Test func `absent parameters are absent, and defaults are filled in`() async throws {
        guard case .ok(let text) = try await client.readQuery(.init()) else { throw UnexpectedOutput() }
        #expect(text == "- | - | - | - | - | - | - | 20 | - | - | - | - | - | -")
    }

    @Test func `header fields and cookies are sent and read`() async throws {
        let input = ReadFields.Input(
            xCount: 3,
            xList: ["a", "b"],
            xObject: .init(a: 1, b: "c"),
            theme: .dark,
            visits: 9
        )
        #expect(
            input.request.headers.map { "\($0.name): \($0.value)" } == [
                "X-Count: 3", "X-List: a,b", "X-Object: a=1,b=c", "Cookie: theme=dark; visits=9",
            ]
        )
        guard case .ok(let text) = try await client.readFields(input) else { throw UnexpectedOutput() }
        #expect(text == #"3 ["a", "b"] {"a":1,"b":"c"} dark 9"#)
    }

    @Test func `every violation of the parameters is in one problem`() async throws {
        let service = Service()
        let request = Request(
            query:
                "exploded=1&exploded=2&exploded=3&exploded=4&joined=1,x&limit=0&since=yesterday&day=2026-02-30&price=-1"
                + "&mail=invalid&order=left&either=long&deep[name]=a&deep[other]=b&json=%7B&limit=5"
        )
        let problem = await #expect(throws: Problem.self) { try await service.respond(to: request, on: .readQuery) }
        #expect(
            problem?.errors.map { "\($0.pointer) \($0.keyword)" } == [
                "/query/exploded maxItems", "/query/joined/1 type", "/query/deep/other additionalProperties",
                "/query/json type",
                "/query/limit maxItems", "/query/since format", "/query/day format", "/query/price minimum",
                "/query/mail format",
                "/query/order enum", "/query/either maxLength",
            ]
        )
    }

    @Test func `forms are sent and read with nested names`() async throws {
        let purchase = Purchase(
            item: "a&b",
            price: try #require(Decimal("19.90")),
            gift: true,
            address: .init(street: "High St", floor: 2),
            lines: [.init(sku: "s1", count: 1), .init(sku: "s2", count: 2)],
            tags: ["x", "y"]
        )
        guard case .ok(let echo) = try await client.sendForm(.init(body: purchase)) else { throw UnexpectedOutput() }
        #expect(echo == purchase)
    }

    @Test func `violations in a form have pointers`() async throws {
        let request = Request(body: Array("item=a&price=x&address[floor]=up&gift=maybe".utf8))
        let problem = await #expect(throws: Problem.self) { try await Service().respond(to: request, on: .sendForm) }
        #expect(
            problem?.errors.map { "\($0.pointer) \($0.keyword)" } == [
                "/price format", "/address/floor type", "/address/street required", "/gift type",
            ]
        )
    }

    @Test func `multipart bodies are sent and read with files`() async throws {
        let file = FilePart(
            content: Bytes([0, 13, 10, 45, 45, 255]),
            filename: "a \"b\".bin",
            contentType: "image/png"
        )
        let body = SendPartsBody(
            note: "hello",
            count: 2,
            purchase: .init(item: "book", price: Decimal(3)),
            attachment: file,
            pictures: [FilePart(content: Bytes([1])), FilePart(content: Bytes([2, 3]))]
        )
        guard case .ok(let text) = try await client.sendParts(.init(body: body)) else { throw UnexpectedOutput() }
        #expect(text == "hello 2 book a %22b%22.bin image/png 6 [\"[1]\", \"[2, 3]\"]")
    }

    @Test func `bytes and text are sent and read unchanged`() async throws {
        guard case .ok(let bytes) = try await client.sendBytes(.init(body: Bytes([0, 255, 10]))) else {
            throw UnexpectedOutput()
        }
        #expect(bytes == Bytes([0, 255, 10]))
        guard case .ok(let text) = try await client.sendText(.init(body: "héllo")) else { throw UnexpectedOutput() }
        #expect(text == "héllo")
        guard case .noContent = try await client.sendText(.init()) else { return #expect(Bool(false)) }
        let problem = await #expect(throws: Problem.self) { _ = try await client.sendText(.init(body: "too long")) }
        #expect(problem?.status == 422)
    }

    @Test func `one of several media types is chosen`() async throws {
        let filter = Filter(name: "f")
        guard case .ok(.json(filter)) = try await client.sendSeveral(.init(body: .json(filter))) else {
            return #expect(Bool(false))
        }
        guard case .ok(.text("f")) = try await client.sendSeveral(.init(body: .form(filter))) else {
            return #expect(Bool(false))
        }
        guard case .ok(.text("t")) = try await client.sendSeveral(.init(body: .text("t"))) else {
            return #expect(Bool(false))
        }
        let request = Request(headers: ["Content-Type": "application/xml"], body: [60])
        let problem = await #expect(throws: Problem.self) { try await Service().respond(to: request, on: .sendSeveral) }
        #expect(problem?.status == 415)
        #expect(
            Route.sendSeveral.mediaTypes == ["application/json", "application/x-www-form-urlencoded", "text/plain"]
        )
        #expect(Route.sendBytes.bodyLimit == 64)
    }

    @Test func `lines are read as they arrive`() async throws {
        let lines = JSONLines {
            AsyncThrowingStream { continuation in
                for number in 1...3 { continuation.yield(Filter(minimum: number)) }
                continuation.finish()
            }
        }
        guard case .ok(let echo) = try await client.sendLines(.init(body: lines)) else { throw UnexpectedOutput() }
        var numbers: [Int?] = []
        for try await filter in echo { numbers.append(filter.minimum) }
        #expect(numbers == [1, 2, 3])
    }

    @Test func `events are read as they arrive`() async throws {
        guard case .ok(let events) = try await client.watch(.init(count: 3)) else { throw UnexpectedOutput() }
        var seen: [String] = []
        for try await event in events {
            guard case .circle(let circle) = event.data else { continue }
            seen.append("\(event.event ?? "-") \(event.id ?? "-") \(circle.radius)")
        }
        #expect(seen == ["drawn 1 1.0", "drawn 2 2.0", "drawn 3 3.0"])
    }

    @Test func `statuses, ranges, headers and problems are distinguished`() async throws {
        guard case .ok(let headers) = try await client.answer(.init(status: 200)) else { return #expect(Bool(false)) }
        #expect(headers.xTotal == 3)
        #expect(headers.xTags == ["a", "b"])
        #expect(headers.etag == nil)
        guard case .notModified = try await client.answer(.init(status: 304)) else { return #expect(Bool(false)) }
        guard case .clientError(418, let refusal) = try await client.answer(.init(status: 418)) else {
            return #expect(Bool(false))
        }
        #expect(refusal.reason == "no")
        guard case .other(777, _) = try await client.answer(.init(status: 777)) else { return #expect(Bool(false)) }
        let request = Request(pathParameters: ["599"])
        let problem = await #expect(throws: Problem.self) { try await Service().respond(to: request, on: .answer) }
        #expect(problem?.code == "AWAY")
    }

    @Test func `security requirements are alternatives of schemes`() {
        #expect(
            Route.readQuery.security.map { $0.map { "\($0.scheme.name) \($0.scopes)" } } == [
                ["key []", "token [\"read\"]"], ["session []"], [],
            ]
        )
        #expect(Route.readQuery.security[1][0].scheme.kind == .apiKey(.cookie, name: "session"))
    }

    @Test func `webhooks and callbacks go to a URL known at run time`() async throws {
        let request = ShapeDrawn.Input(body: .square(.init(kind: .square, side: 5))).request.addressed(
            to: "https://example.com/hook"
        )
        #expect(request.method == "POST")
        #expect(request.path == "https://example.com/hook")
        let input = try Tell.Input(Request(body: Array(#"{"kind":"circle","radius":1}"#.utf8)))
        #expect(input.body == .circle(.init(kind: .circle, radius: 1)))
    }

    @Test func `read-only and write-only members are sent in one direction only`() async throws {
        let account = Account(name: "n", password: "secret")
        let body = account.bodyText(.request)
        #expect(body == #"{"name":"n","password":"secret"}"#)
        guard case .created(let created) = try await client.createAccount(.init(body: account)) else {
            throw UnexpectedOutput()
        }
        #expect(created == Account(id: "a-1", name: "n"))
        let missing = await #expect(throws: Problem.self) {
            try await Service().respond(to: Request(body: Array("{}".utf8)), on: .createAccount)
        }
        #expect(missing?.errors.map(\.pointer) == ["/name", "/password"])
    }
}

extension JSONWritable {
    fileprivate func bodyText(_ direction: JSONDirection) -> String {
        String(decoding: JSONWriter.write(self, direction: direction), as: UTF8.self)
    }
}
