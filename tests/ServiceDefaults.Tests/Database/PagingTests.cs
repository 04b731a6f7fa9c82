using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.Tests.Database;

public sealed class PagingTests
{
    private const int Rows = 120;

    private WebApplication _app = null!;
    private HttpClient _client = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddProblems();
        _app = builder.Build();
        _app.UseProblems();
        _app.MapGet("/rows", (PageRequest page) =>
        {
            var after = page.After(parts: 1) is [var last] ? int.Parse(last) : 0;
            var rows = Enumerable.Range(after + 1, Math.Min(page.Fetch, Rows - after)).ToList();
            return page.Of(rows, row => [$"{row}"]);
        });
        _app.MapGet("/others", (PageRequest page) => page.Of((int[])[page.After(2)?.Count ?? 0], _ => []));
        await _app.StartAsync();
        _client = _app.GetTestClient();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }

    [TestCase("/rows", 50)]
    [TestCase("/rows?limit=1", 1)]
    [TestCase("/rows?limit=7&color=red&color=blue", 7)]
    [TestCase("/rows?limit=100", 100)]
    [TestCase("/rows?limit=60", 60)]
    public async Task All_pages_together_are_the_list(string path, int limit)
    {
        var seen = new List<int>();
        string? cursor = null;
        do
        {
            var page = (await _client.GetFromJsonAsync<Page<int>>(
                cursor is null ? path : $"{path}{(path.Contains('?') ? '&' : '?')}cursor={cursor}"))!;
            page.Items.Count.ShouldBe(Math.Min(limit, Rows - seen.Count));
            seen.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        seen.ShouldBe(Enumerable.Range(1, Rows));
    }

    [TestCase("limit=0")]
    [TestCase("limit=101")]
    [TestCase("limit=-1")]
    [TestCase("limit=+1")]
    [TestCase("limit=1.0")]
    [TestCase("limit=")]
    [TestCase("limit=many")]
    [TestCase("limit=1&limit=2")]
    [TestCase("limit=99999999999999999999")]
    public async Task A_wrong_limit_is_a_problem_that_says_what_is_right(string query) =>
        (await Refused($"/rows?{query}")).ShouldBe("'limit' is a whole number from 1 to 100.");

    [TestCase("")]
    [TestCase("x")]
    [TestCase("!!")]
    [TestCase("AAAAAAAAAAAAAAAAAAAAAA")]
    public async Task A_wrong_cursor_is_a_problem(string cursor) =>
        (await Refused($"/rows?cursor={cursor}")).ShouldStartWith("'cursor' is not one that this list gave");

    [Test]
    public async Task A_cursor_of_another_list_filter_or_shape_is_a_problem()
    {
        var cursor = (await _client.GetFromJsonAsync<Page<int>>("/rows"))!.NextCursor;
        var other = new Cursor("only one").ToText("/others?");

        foreach (var path in (string[])[$"/others?cursor={cursor}", $"/rows?a=b&cursor={cursor}"])
            (await Refused(path)).ShouldStartWith("'cursor' is not one");
        (await Refused($"/others?cursor={other}")).ShouldStartWith("'cursor' is not one");
    }

    [FsCheck.NUnit.Property]
    public void A_cursor_comes_back_as_it_was(FsCheck.NonNull<string>[] key)
    {
        string[] values = [.. key.Select(value => value.Get).Where(IsText).Take(3)];
        var text = new Cursor(values).ToText("list");
        if (text.Length > Cursor.LongestText) return;

        Cursor.TryRead(text, "list", out var cursor).ShouldBeTrue();
        cursor!.Key.ShouldBe(values);
        Cursor.TryRead(text, "another", out _).ShouldBeFalse();
    }

    [FsCheck.NUnit.Property]
    public void A_changed_letter_is_noticed(int position, char letter)
    {
        var text = new Cursor("2026-03-01", "invoice-1").ToText("list");
        var at = Math.Abs(position % text.Length);
        if (text[at] == letter) return;
        var changed = text[..at] + letter + text[(at + 1)..];

        Cursor.TryRead(changed, "list", out _).ShouldBeFalse();
    }

    // JSON cannot carry half a surrogate pair, and PostgreSQL gives none.
    private static bool IsText(string value) =>
        value.EnumerateRunes().All(rune => rune != Rune.ReplacementChar);

    private async Task<string> Refused(string path)
    {
        var answer = await _client.GetAsync(path);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();

        return problem.GetProperty("detail").GetString()!;
    }
}
