import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.sql.DriverManager;

/**
 * Connects by the JDBC URL that it is given, and prints "connected", or why it could not, in one line; and once more for
 * each line that it reads.
 */
public class Connect {
  public static void main(String[] args) throws Exception {
    var lines = new BufferedReader(new InputStreamReader(System.in));
    do System.out.println(connect(args[0])); while (lines.readLine() != null);
  }

  static String connect(String url) {
    try (var connection = DriverManager.getConnection(url);
        var result = connection.createStatement().executeQuery("select 'connected'")) {
      result.next();
      return result.getString(1);
    } catch (Exception error) {
      var text = new StringBuilder();
      for (Throwable cause = error; cause != null; cause = cause.getCause()) text.append(cause).append(" <- ");
      return text.toString().replaceAll("\\s+", " ");
    }
  }
}
