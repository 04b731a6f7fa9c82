using System.Diagnostics;

namespace Billing.Cli;

/// <summary>Says what happens and how long it took; one moving line on a terminal, plain lines everywhere else.</summary>
internal sealed class Terminal(TextWriter output, bool live)
{
    private static readonly TimeSpan BetweenPlainLines = TimeSpan.FromSeconds(15);
    private readonly Lock writing = new();
    private bool onMovingLine;

    /// <summary>Standard output, for verbs whose output is for people.</summary>
    public static Terminal Output { get; } = new(Console.Out, Lively(Console.IsOutputRedirected));

    /// <summary>Standard error, for verbs whose standard output is for programs.</summary>
    public static Terminal Error { get; } = new(Console.Error, Lively(Console.IsErrorRedirected));

    private static bool Lively(bool redirected) =>
        !redirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    public void Line(string text = "")
    {
        lock (writing)
        {
            EndMovingLine();
            output.WriteLine(text);
            output.Flush();
        }
    }

    /// <summary>Does one announced step; says how it ended and after how many seconds.</summary>
    public async Task<T> Step<T>(string what, Func<Action<string>, Task<T>> work)
    {
        var clock = Stopwatch.StartNew();
        var lastPlainLine = TimeSpan.Zero;
        if (!live)
            Line($"{what} ...");
        else
            Move($"{what} ...");

        try
        {
            var result = await work(Report);
            Line($"{what}: done, {Seconds(clock.Elapsed)}");

            return result;
        }
        catch
        {
            Line($"{what}: failed after {Seconds(clock.Elapsed)}");
            throw;
        }

        void Report(string progress)
        {
            if (live)
                Move($"{what}: {progress}, {Seconds(clock.Elapsed)}");
            else if (clock.Elapsed - lastPlainLine > BetweenPlainLines)
            {
                lastPlainLine = clock.Elapsed;
                Line($"{what}: {progress}, {Seconds(clock.Elapsed)}");
            }
        }
    }

    public Task Step(string what, Func<Action<string>, Task> work) => Step(what, async report =>
    {
        await work(report);

        return true;
    });

    public static string Seconds(TimeSpan time) => time.TotalSeconds < 9.95
        ? $"{time.TotalSeconds:0.0} s"
        : time.TotalSeconds < 120 ? $"{time.TotalSeconds:0} s" : $"{time.TotalMinutes:0.0} min";

    private void Move(string text)
    {
        lock (writing)
        {
            output.Write($"\r\u001b[2K{text}");
            output.Flush();
            onMovingLine = true;
        }
    }

    private void EndMovingLine()
    {
        if (!onMovingLine) return;

        output.Write("\r\u001b[2K");
        onMovingLine = false;
    }
}
