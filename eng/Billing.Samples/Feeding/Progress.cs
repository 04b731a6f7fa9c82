using System.Diagnostics;
using System.Globalization;

namespace Billing.Samples.Feeding;

/// <summary>One moving line on a terminal, a plain one every few seconds elsewhere.</summary>
internal sealed class Progress(TextWriter output)
{
    private static readonly TimeSpan BetweenPlainLines = TimeSpan.FromSeconds(5);
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly bool isLive = output == Console.Out && !Console.IsOutputRedirected
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
    private TimeSpan said = -BetweenPlainLines;
    private bool isOnLine;

    public TimeSpan Elapsed => clock.Elapsed;

    public void Say(string text)
    {
        if (isLive)
        {
            output.Write($"\r\u001b[2K{text}");
            isOnLine = true;
        }
        else if (clock.Elapsed - said >= BetweenPlainLines)
        {
            output.WriteLine(text);
            said = clock.Elapsed;
        }

        output.Flush();
    }

    public void Line(string text)
    {
        if (isOnLine) output.Write("\r\u001b[2K");
        isOnLine = false;
        output.WriteLine(text);
        output.Flush();
    }

    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
