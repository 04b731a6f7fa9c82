using System.Text.Encodings.Web;
using System.Text.Json;
using Billing.LocalTools;
using Billing.Verify;
using Billing.Verify.Reading;
using Npgsql;

// Run by ./billing verify: [--json] [--data <folder>]
var isJson = args.Contains("--json");
var data = Array.IndexOf(args, "--data") is >= 0 and var place ? args[place + 1] : Checkout.Data;
try
{
    var running = RunningInstallation.On(data);
    await using (var stores = new Stores(running))
        if (await FirstFeed.WhatIsMissing(stores, CancellationToken.None) is { } missing)
            throw new PreparationFailed(missing);

    var waited = "";
    var findings = await Verification.Run(
        running, under => Say(ref waited, under), CancellationToken.None);
    if (isJson)
        Console.WriteLine(JsonSerializer.Serialize(
            new { Holds = findings.All(one => one.Holds), Invariants = findings },
            new JsonSerializerOptions(JsonSerializerDefaults.Web)
            {
                WriteIndented = true,
                Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }));
    else
        foreach (var finding in findings) Console.WriteLine(finding);

    return findings.All(one => one.Holds) ? 0 : 1;
}
catch (Exception stopped) when (stopped is PreparationFailed or NpgsqlException)
{
    Console.Error.WriteLine($"billing: {stopped.Message}");
    return 1;
}

static void Say(ref string before, string now)
{
    if (before.Length == 0) Console.Error.WriteLine($"Waiting until it has come to rest: {now} ...");
    before = now;
}
