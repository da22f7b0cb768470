import Foundation
import TestSupport
import Testing

/// Layouts of tables and saved views, over the API and on the pages.
@Suite struct PreferencesHTTPTests {
    private func put(_ path: String, _ body: String, _ token: String, on server: RunningServer) async throws
        -> RawHTTP.Response
    {
        let headers = ["X-Admin-Token": token, "Content-Type": "application/json"]
        return try await server.api.send("PUT", path, headers: headers, body: body)
    }

    private func delete(_ path: String, _ token: String, on server: RunningServer) async throws -> Int {
        try await server.api.send("DELETE", path, headers: ["X-Admin-Token": token]).status
    }

    private func viewer(_ name: String, on server: RunningServer) async throws -> String {
        let body = #"{"name":"\#(name)","roles":["viewer"]}"#
        let token = try await server.post("/tokens", body, token: RunningServer.token)
        return try #require(try token.json()["token"] as? String)
    }

    private func create(_ view: String, _ token: String, on server: RunningServer) async throws -> String {
        let response = try await server.post("/saved-views", view, token: token)
        #expect(response.status == 201, "\(response.body)")
        return try #require(try response.json()["view_id"] as? String)
    }

    private func names(_ token: String, on server: RunningServer, _ query: String = "") async throws -> [String] {
        let items = try await server.get("/saved-views\(query)", token: token).json()["items"] as? [[String: Any]]
        return try #require(items).map { "\($0["list"] ?? "") \($0["name"] ?? "") \($0["is_default"] ?? "")" }
    }

    @Test func `a layout belongs to the name of the token`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let (ada, bob) = (try await viewer("ada", on: server), try await viewer("bob", on: server))
            let path = "/table-layouts/instances"
            let layout = #"{"columns":[{"name":"equity","is_shown":true,"width":120}]}"#
            #expect(try await put(path, layout, ada, on: server).status == 200)
            #expect(try await server.get(path, token: ada).body == layout)
            #expect(try await server.get(path, token: bob).body == #"{"columns":[]}"#)
            #expect(try await server.get("/table-layouts/commands", token: ada).body == #"{"columns":[]}"#)
            #expect(try await server.get("/table-layouts/secrets", token: ada).status == 422)
            #expect(try await delete(path, bob, on: server) == 204)
            #expect(try await server.get(path, token: ada).body == layout)
            #expect(try await delete(path, ada, on: server) == 204)
            #expect(try await server.get(path, token: ada).body == #"{"columns":[]}"#)
            #expect(try await server.api.send("GET", path).status == 401)
        }
    }

    @Test(arguments: [
        #"{"columns":[{"name":"Equity","is_shown":true}]}"#,
        #"{"columns":[{"name":"equity","is_shown":true,"width":39}]}"#,
        #"{"columns":[{"name":"equity"}]}"#, #"{"columns":[{"name":"equity","is_shown":true,"width":1001}]}"#, "{}",
    ])
    func `an invalid layout is rejected`(_ layout: String) async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            #expect(try await put("/table-layouts/audit", layout, RunningServer.token, on: server).status == 422)
        }
    }

    @Test func `views are unique by name, have one default for each list, and belong to their user`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let (ada, bob) = (try await viewer("ada", on: server), try await viewer("bob", on: server))
            let live = #"{"list":"bots","name":"Live","query":"runtime_mode=LIVE","is_default":true}"#
            let first = try await create(live, ada, on: server)
            _ = try await create(#"{"list":"bots","name":"e\u0301","query":""}"#, ada, on: server)
            _ = try await create(#"{"list":"alerts","name":"Live","query":"","is_default":true}"#, ada, on: server)
            let last = try await create(#"{"list":"bots","name":"é","query":"","is_default":true}"#, ada, on: server)
            #expect(
                try await names(ada, on: server)
                    == ["alerts Live 1", "bots Live 0", "bots e\u{301} 0", "bots é 1"]
            )
            #expect(try await names(ada, on: server, "?list=alerts") == ["alerts Live 1"])
            #expect(try await names(bob, on: server) == [])
            let taken = try await server.post("/saved-views", live, token: ada)
            #expect(taken.status == 409 && taken.body.contains("VIEW_EXISTS"))
            let change = #"{"name":"Paper","query":"runtime_mode=PAPER","is_default":true}"#
            #expect(try await put("/saved-views/\(first)", change, bob, on: server).status == 404)
            #expect(try await delete("/saved-views/\(first)", bob, on: server) == 404)
            #expect(try await put("/saved-views/\(first)", change, ada, on: server).status == 200)
            let renamed = try await put("/saved-views/\(last)", change, ada, on: server)
            #expect(renamed.status == 409 && renamed.body.contains("VIEW_EXISTS"))
            #expect(
                try await names(ada, on: server, "?list=bots") == ["bots Paper 1", "bots e\u{301} 0", "bots é 0"]
            )
            #expect(try await delete("/saved-views/\(first)", ada, on: server) == 204)
            #expect(try await delete("/saved-views/\(first)", ada, on: server) == 404)
        }
    }

    @Test(arguments: [
        #"{"list":"settings","name":"x","query":""}"#, #"{"list":"bots","name":"","query":""}"#,
        #"{"list":"bots","name":"a\u202eb","query":""}"#, #"{"list":"bots","name":"x","query":"a b"}"#,
        #"{"list":"bots","name":"x","query":"a\r\nSet-Cookie: y"}"#, #"{"list":"bots","name":"x","query":"é"}"#,
    ])
    func `an invalid view is rejected`(_ view: String) async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            #expect(try await server.post("/saved-views", view, token: RunningServer.token).status == 422)
        }
    }

    @Test func `concurrent requests do not exceed fifty views of a list`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<60 {
                    group.addTask {
                        let view = #"{"list":"bots","name":"v\#(number)","query":"page=\#(number)"}"#
                        return try await server.post("/saved-views", view, token: RunningServer.token).status
                    }
                }
                return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses == [201: 50, 409: 10])
            let other = #"{"list":"audit","name":"v","query":""}"#
            #expect(try await server.post("/saved-views", other, token: RunningServer.token).status == 201)
        }
    }

    // MARK: - Pages

    @Test func `a list opens with its default view, whose address stays on the list`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let browser = try await Browser(server)
            #expect(try await browser.get("/bots").status == 200)
            let view =
                #"{"list":"bots","name":"<b>","query":"//evil.example/?x&view=y&done=saved&q=a%26b","is_default":true}"#
            let id = try await create(view, RunningServer.token, on: server)
            let opened = try await browser.get("/bots")
            let target = "/bots?%2F%2Fevil.example%2F%3Fx=&q=a%26b&view=\(id)"
            #expect(opened.status == 303 && opened.headers["location"] == target)
            #expect(try await browser.get("/bots?done=viewSaved").headers["location"] == target + "&done=viewSaved")
            let page = try await browser.get(target)
            #expect(page.status == 200 && page.body.contains("&lt;b&gt; (default)") && !page.body.contains("<b>"))
            #expect(page.body.contains("Change view “&lt;b&gt;”…"))
            // The list itself, and the links that remove its last filter, do not lead back to the view.
            let all = try await browser.get("/bots?view=all&q=x")
            #expect(
                all.status == 200 && all.body.contains(#"<a href="/bots?view=all"><span class="hidden">Remove filter "#)
            )
            #expect(try await browser.get("/commands").status == 200)
            let other = try await Browser(server, token: try await viewer("eve", on: server))
            let list = try await other.get("/bots")
            #expect(list.status == 200 && !list.body.contains("&lt;b&gt;"))
        }
    }

    @Test func `forms save, change and delete a view, and need the session's token`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let browser = try await Browser(server)
            let form = "list=commands&name=Mine&query=status%3DPENDING%26columns%3Dcommand"
            let saved = try #require(try await browser.post("/views", form).headers["location"])
            let prefix = "/commands?status=PENDING&columns=command&view="
            #expect(saved.hasPrefix(prefix) && saved.hasSuffix("&done=viewSaved"))
            let id = saved.dropFirst(prefix.count).prefix(36)
            let page = try await browser.get(saved)
            #expect(page.body.contains("View saved") && page.body.contains(#"aria-current="page">Mine</a>"#))
            #expect(!page.body.contains(#"data-column="reason""#))
            let changed = try await browser.post("/views/\(id)", "list=commands&name=Ours&query=&is_default=1")
            #expect(changed.headers["location"] == "/commands?view=\(id)&done=viewSaved")
            #expect(try await names(RunningServer.token, on: server) == ["commands Ours 1"])
            let deleted = try await browser.post("/views/\(id)", "list=commands&action=delete")
            #expect(deleted.headers["location"] == "/commands?done=viewDeleted")
            #expect(try await names(RunningServer.token, on: server) == [])
            let foreign = try await server.web.send(
                "POST",
                "/views",
                headers: ["Content-Type": "application/x-www-form-urlencoded"],
                body: form
            )
            #expect(foreign.headers["location"] == "/login?")
            #expect(try await browser.post("/views", "list=commands&query=").status == 422)
        }
    }

    @Test func `a form arranges the columns of a table and leads back to it`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let browser = try await Browser(server)
            let all = "column=reason&width=300&column=command&width=&column=status&width=&shown=reason"
            let saved = try await browser.post("/tables/commands", "\(all)&query=status%3DFAILED%26done%3Dx")
            #expect(saved.headers["location"] == "/commands?status=FAILED&done=columnsSaved")
            let page = try await browser.get("/commands").body
            let titles = page.split(separator: "<thead>").last?.split(separator: "</thead>").first ?? ""
            let order = titles.split(separator: #"data-column=""#).dropFirst().map { $0.prefix { $0 != "\"" } }
            #expect(
                order == ["reason", "command", "created", "instance", "time_to_live", "delivered_after", "created_by"]
            )
            #expect(page.contains(#"<colgroup><col width="300"><col>"#))
            let moved = try await browser.post("/tables/commands", "\(all)&query=%2F%2Fevil.example&up=command")
            #expect(moved.headers["location"] == "/commands?%2F%2Fevil.example=&arrange=commands")
            #expect(
                try await browser.get("/commands?arrange=commands").body.contains(#"<details class="columns" open>"#)
            )
            let width = try await browser.post("/tables/commands", "action=width&column=command&width=200")
            #expect(width.status == 303)
            #expect(try await browser.get("/commands").body.contains(#"<colgroup><col width="200"><col width="300">"#))
            #expect(try await browser.post("/tables/commands", "action=width&column=command&width=2").status == 422)
            #expect(try await browser.post("/tables/secrets", "action=width").status == 404)
            #expect(
                try await browser.post("/tables/commands", "action=reset").headers["location"]
                    == "/commands?done=columnsReset"
            )
            #expect(try await browser.get("/commands").body.contains("<colgroup><col><col>"))
        }
    }
}
