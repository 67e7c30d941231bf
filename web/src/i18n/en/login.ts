// Signing in and the first user.

export const login = {
  'login.title': 'Sign in',
  'login.user': 'User',
  'login.password': 'Password',
  'login.submit': 'Sign in',
  'login.first': 'The first user is made with the link that `viaduct serve` printed when it started.'
}
